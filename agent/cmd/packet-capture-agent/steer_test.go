package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"packet-capture/agent/internal/settings"
)

func TestLinesOfTheInput(t *testing.T) {
	input := "\n\n{\"a\":1}\n  \n" + strings.Repeat("x", longestOrder+1) + "\n{}\nunfinished"
	for name, reader := range map[string]io.Reader{
		"at once": strings.NewReader(input), "byte by byte": iotest.OneByteReader(strings.NewReader(input)),
	} {
		var lines []string
		r := &lineReader{Reader: reader, take: func(line []byte) { lines = append(lines, string(line)) }}
		all, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(all, []byte(input)) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(all), len(input), err)
		}
		if !slices.Equal(lines, []string{`{"a":1}`, "{}"}) {
			t.Errorf("%s: %q", name, lines)
		}
	}
}

func TestAnOrderChangesWhatItNames(t *testing.T) {
	udp, empty := "udp", ""
	given := settings.Values{"interfaces": "eth0", "filter": "tcp", "snaplen": "96"}
	if got := (order{Filter: &udp}).on(given); got["filter"] != "udp" || got["snaplen"] != "96" || got["interfaces"] != "eth0" {
		t.Errorf("%v", got)
	}
	if got := (order{Snaplen: &empty}).on(given); got["filter"] != "tcp" || got["snaplen"] != "" {
		t.Errorf("%v", got)
	}
	if given["filter"] != "tcp" {
		t.Errorf("the settings before are changed: %v", given)
	}
}
