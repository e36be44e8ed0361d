package main

import (
	"bytes"
	"strings"
	"testing"

	"packet-capture/agent/internal/version"
)

func TestDispatch(t *testing.T) {
	for _, test := range []struct {
		name     string
		args     []string
		code     int
		out, err string
	}{
		{"version", []string{"version"}, 0, version.Version + "\n", ""},
		{"version as a flag", []string{"--version"}, 0, version.Version + "\n", ""},
		{"version with more", []string{"version", "x"}, 2, "", "version takes no arguments"},
		{"no command", nil, 2, "", "usage: packet-capture-agent COMMAND"},
		{"an unknown command", []string{"fly"}, 2, "", `unknown command "fly"`},
		{"help", []string{"--help"}, 0, "usage: packet-capture-agent COMMAND", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			code := dispatch(test.args, streams{in: strings.NewReader(""), out: &out, err: &err})
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(out.String(), test.out) || (test.out == "") != (out.Len() == 0) {
				t.Errorf("standard output %q, want %q", out.String(), test.out)
			}
			if !strings.Contains(err.String(), test.err) || (test.err == "") != (err.Len() == 0) {
				t.Errorf("standard error %q, want %q", err.String(), test.err)
			}
		})
	}
}
