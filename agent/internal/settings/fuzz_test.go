package settings

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// Whatever stands in two annotations, with whatever the release allows: what is said to be valid is within its bounds,
// and of what is not, a reason is given, in one line.
func FuzzParse(f *testing.F) {
	for i, row := range Table {
		f.Add(uint8(i), row.Default, uint8(i+1), "", "", "")
	}
	for i, text := range []string{"udp\tport 9999", "eth0,lo", "headers", "9007199254740991", "1m30s", "s3:captures/prod", "[fd00::1]:4789", "vxlan://collector.example:4789?vni=7", "999999999"} {
		f.Add(uint8(i), text, uint8(2*i), text, "128Mi", "*.example:4789")
	}
	f.Fuzz(func(t *testing.T, first uint8, one string, second uint8, other, sizeLimit, allowed string) {
		values := Values{Table[int(first)%len(Table)].Name: one, Table[int(second)%len(Table)].Name: other}
		platform := Platform{SizeLimit: sizeLimit}
		if allowed != "" {
			list := []string{allowed}
			platform.AllowedDestinations = map[string][]string{"stream": list, "mirror": list, "upload": list}
		}
		s, invalid := Parse(values, platform)
		for _, i := range invalid {
			if _, known := Find(i.Setting); !known || i.Reason == "" || strings.ContainsFunc(i.Reason, unicode.IsControl) && allowed == "" {
				t.Errorf("%+v", i)
			}
			if i.Setting == "upload" && i.Value != "" && checkUpload(i.Value) != noReason {
				t.Errorf("%q is shown", i.Value)
			}
		}
		if Stopped(invalid) {
			return
		}
		switch {
		case strings.ContainsFunc(s.Filter, func(r rune) bool { return r < ' ' || r == 0x7f }) || characters(s.Filter) > longestText:
			t.Errorf("filter %q", s.Filter)
		case s.FileSize < leastBytes || s.BufferSize < leastBytes || s.BufferSize > DefaultBufferLimit:
			t.Errorf("file-size %d, buffer-size %d", s.FileSize, s.BufferSize)
		case s.FileCount < 1 || s.Rotate < 1e9 || s.Duration < 0 || s.PacketCount < 0 || s.Snaplen.Bytes < 0 || s.Snaplen.Bytes > largestSnaplen:
			t.Errorf("%+v", s)
		case !s.Interfaces.All && len(s.Interfaces.Names) == 0:
			t.Error("no interface")
		}
		if limit, ok := ParseQuantity(sizeLimit); ok && (int64(s.FileCount)+1)*s.FileSize > limit && s.FileSize < 1<<40 {
			t.Errorf("%d files of %d do not fit into %d", s.FileCount, s.FileSize, limit)
		}
		if s.Stream != nil {
			checkEndpoint(t, *s.Stream, allowed)
		}
		if s.Mirror != nil {
			checkEndpoint(t, s.Mirror.Endpoint, allowed)
		}
		if s.Upload != "" && checkUpload(s.Upload) != noReason {
			t.Errorf("upload %q", s.Upload)
		}
	})
}

// checkEndpoint: it is one, and a release that allows one destination gets no other.
func checkEndpoint(t *testing.T, e Endpoint, allowed string) {
	t.Helper()
	if e.Host == "" || e.Port == 0 || strings.ContainsFunc(e.Host, unicode.IsSpace) {
		t.Errorf("%+v", e)
	}
	if allowed == "" || strings.Contains(allowed, "*") {
		return
	}
	host, port := strings.ToLower(e.Host), strconv.Itoa(int(e.Port))
	if want := strings.ToLower(allowed); want != host+":"+port && want != net.JoinHostPort(host, port) {
		t.Errorf("%s:%s, and %q is allowed", host, port, allowed)
	}
}
