package settings

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
)

func TestWriteHasTheKubeletsForm(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "settings")
	for number := range 3 {
		if err := Write(dir, Values{"filter": fmt.Sprint(number), "state": ""}); err != nil {
			t.Fatal(err)
		}
	}
	// A version of a writer that was killed.
	if err := os.Mkdir(filepath.Join(dir, "..2026_11_28_01_02_03.123"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, Values{"filter": "udp", "state": ""}); err != nil {
		t.Fatal(err)
	}
	current, err := os.Readlink(filepath.Join(dir, "..data"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{current, "..data", "filter", "state"}; fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("%q, not %q", names, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "filter")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if values, err := Read(dir); err != nil || values["filter"] != "udp" {
		t.Errorf("%v, %v", values, err)
	}
}

func TestWriteThatFailsLeavesTheVersionOfBefore(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, Values{"filter": "udp"}); err != nil {
		t.Fatal(err)
	}
	// A name that no file can have.
	if err := Write(dir, Values{"filter": "tcp", "a/b": ""}); err == nil {
		t.Fatal("it was written")
	}
	values, err := Read(dir)
	if err != nil || values["filter"] != "udp" {
		t.Errorf("%v, %v", values, err)
	}
	if versions, _ := filepath.Glob(filepath.Join(dir, "..2*")); len(versions) != 1 {
		t.Errorf("%q", versions)
	}
}

// What Write writes, Watch notices: steering an attached agent goes the same way as annotations do.
func TestWatchNoticesWrite(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, Values{"filter": "tcp"}); err != nil {
		t.Fatal(err)
	}
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	if err := Watch(l, dir, func(v Values) {
		if seen = append(seen, v["filter"]); len(seen) == 3 {
			l.Stop()
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, filter := range []string{"udp", "icmp"} {
		l.Post(func() {
			if err := Write(dir, Values{"filter": filter}); err != nil {
				t.Error(err)
			}
		})
		l.After(50*time.Millisecond, l.Stop)
		if err := l.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(seen) != "[tcp udp icmp]" {
		t.Errorf("%q", seen)
	}
}

func TestAnAttachedPlatform(t *testing.T) {
	environment := map[string]string{}
	lookup := func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
	platform := AttachedPlatformOf(lookup)
	s, invalid := Parse(platform.Effective(Values{"upload": "s3:a", "mirror": "vxlan://a", "stream": "a:1"}), platform)
	if !s.Idle || s.FileCount != 4 || s.FileSize != 16<<20 || s.Stream == nil || s.Upload != "" || s.Mirror != nil || Stopped(invalid) {
		t.Errorf("%+v, %+v", s, invalid)
	}
	if len(invalid) != 2 || invalid[0].Reason != attachedReason || invalid[1].Reason != attachedReason {
		t.Errorf("%+v", invalid)
	}
	environment["PACKET_CAPTURE_STATE"], environment["PACKET_CAPTURE_FILE_COUNT"] = "running", "9"
	environment["PACKET_CAPTURE_UPLOAD"] = "s3:a"
	platform = AttachedPlatformOf(lookup)
	s, invalid = Parse(platform.Effective(Values{}), platform)
	if s.Idle || s.FileCount != 9 || len(invalid) != 1 || s.Upload != "" {
		t.Errorf("%+v, %+v", s, invalid)
	}
	// The ones of a sidecar are not touched.
	if other := PlatformOf(lookup); other.Defaults["state"] != "running" || other.Attached {
		t.Errorf("%+v", other)
	}
}

func TestUntil(t *testing.T) {
	at := time.Date(2026, 11, 29, 3, 4, 5, 678, time.FixedZone("", 3600))
	if until, ok := UntilOf(Values{Until: FormatUntil(at)}); !ok || !until.Equal(at) {
		t.Errorf("%v, %v", until, ok)
	}
	for _, values := range []Values{{}, {Until: ""}, {Until: "tomorrow"}} {
		if _, ok := UntilOf(values); ok {
			t.Errorf("%v has a time", values)
		}
	}
	if maps.Equal(Values{Until: FormatUntil(at)}, Values{Until: FormatUntil(at.Add(time.Nanosecond))}) {
		t.Error("a time a little later is the same")
	}
}
