package events

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func TestEmit(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out)
	log.now = func() time.Time { return time.Date(2026, 11, 22, 19, 0, 0, 5, time.FixedZone("CET", 3600)) }
	log.Emit("idle")
	log.Emit("error", Member{"reason", `a <"b"> & ` + "\n\x01"}, Member{"retry", "1s"}, Member{"interfaces", []string{"eth0"}}, Member{"packets", 3})
	log.Emit("stopped", Member{"mirror", json.RawMessage(`{"state":"idle"}`)}, Member{"empty", []string{}})
	want := `{"time":"2026-11-22T18:00:00Z","event":"idle"}
{"time":"2026-11-22T18:00:00Z","event":"error","reason":"a <\"b\"> & \n\u0001","retry":"1s","interfaces":["eth0"],"packets":3}
{"time":"2026-11-22T18:00:00Z","event":"stopped","mirror":{"state":"idle"},"empty":[]}
`
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func FuzzEmit(f *testing.F) {
	f.Add("filter", "tcp port 80")
	f.Add("", "\xff\"\\\x00\u2028")
	f.Fuzz(func(t *testing.T, name, text string) {
		var out bytes.Buffer
		NewLog(&out).Emit("settings changed", Member{name, text}, Member{"list", []string{text, name}})
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 || !json.Valid(out.Bytes()) {
			t.Errorf("not one line of JSON: %q", out.String())
		}
	})
}
