package settings

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// vector is a value of a setting, and what is wrong with it or what it means. src/settings (TypeScript) runs the same.
type vector struct {
	Setting string
	Value   string
	// Repeat says how often the value is written, one behind the other; 0 is once.
	Repeat  int
	Reason  string
	Meaning json.RawMessage
}

func readVectors(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		vectors[i].Value = strings.Repeat(v.Value, max(v.Repeat, 1))
	}
	return vectors
}

func TestVectors(t *testing.T) {
	file := "testdata/vectors.json"
	if other := os.Getenv("PACKET_CAPTURE_TEST_VECTORS"); other != "" {
		file = other
	}
	platform := Platform{BufferLimit: LargestBufferLimit}
	for _, v := range readVectors(t, file) {
		s, invalid := Parse(Values{v.Setting: v.Value, "file-count": fewFiles(v)}, platform)
		reason := ""
		for _, one := range invalid {
			if one.Setting == v.Setting {
				reason = one.Reason
			}
		}
		if reason != v.Reason {
			t.Errorf("%s=%.80q: %q, not %q", v.Setting, v.Value, reason, v.Reason)
		}
		if v.Meaning == nil {
			continue
		}
		meaning, err := json.Marshal(meaningOf(s, v.Setting))
		if err != nil {
			t.Fatal(err)
		}
		if !equalJSON(t, meaning, v.Meaning) {
			t.Errorf("%s=%.80q means %s, not %s", v.Setting, v.Value, meaning, v.Meaning)
		}
	}
}

// fewFiles keeps the ring of a large file-size within what can be counted.
func fewFiles(v vector) string {
	if v.Setting == "file-count" {
		return v.Value
	}
	return "1"
}

// meaningOf is the meaning as the vectors write it.
func meaningOf(s Settings, name string) any {
	switch name {
	case "state":
		return s.Idle
	case "filter":
		return s.Filter
	case "interfaces":
		switch {
		case s.Interfaces.Loopback:
			return "any"
		case s.Interfaces.All:
			return "all"
		}
		return s.Interfaces.Names
	case "snaplen":
		if s.Snaplen.Headers {
			return headersOnly
		}
		return s.Snaplen.Bytes
	case "file-size":
		return s.FileSize
	case "file-count":
		return s.FileCount
	case "rotate":
		return s.Rotate / time.Second
	case "duration":
		return s.Duration / time.Second
	case "packet-count":
		return s.PacketCount
	case "buffer-size":
		return s.BufferSize
	case "upload":
		return s.Upload
	case "keep":
		if s.Keep.Last > 0 {
			return []any{s.Keep.Last / time.Second, s.Keep.Reason}
		}
		return []any{s.Keep.From.UnixNano(), s.Keep.To.UnixNano(), s.Keep.Reason}
	case "keep-size":
		return s.KeepSize
	case "keep-on-exit":
		return s.KeepOnExit / time.Second
	case "keep-port":
		return s.KeepPort
	case "stream":
		return []any{s.Stream.Host, s.Stream.Port}
	case "mirror":
		return []any{s.Mirror.Host, s.Mirror.Port, s.Mirror.VNI}
	}
	return nil
}

func equalJSON(t *testing.T, one, other []byte) bool {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(one, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(other, &b); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(a, b)
}

func TestTheTableHasAVectorOfEachKind(t *testing.T) {
	good, bad := map[string]bool{}, map[string]bool{}
	for _, v := range readVectors(t, "testdata/vectors.json") {
		if v.Reason == "" {
			good[v.Setting] = true
		} else {
			bad[v.Setting] = true
		}
	}
	for _, setting := range Table {
		if !good[setting.Name] || !bad[setting.Name] {
			t.Errorf("%s has no vector that is valid, or none that is not", setting.Name)
		}
	}
}

// What the platform has against a value is the same in TypeScript.
func TestPlatformVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/platform.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		vector
		Environment map[string]string
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		platform := PlatformOf(func(name string) (string, bool) { value, ok := v.Environment[name]; return value, ok })
		reason := ""
		if _, invalid := Parse(Values{v.Setting: v.Value}, platform); len(invalid) > 0 {
			reason = invalid[0].Reason
		}
		if reason != v.Reason {
			t.Errorf("%v: %s=%s: %q, not %q", v.Environment, v.Setting, v.Value, reason, v.Reason)
		}
	}
}
