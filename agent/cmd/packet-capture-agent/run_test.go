package main

import (
	"strings"
	"testing"
	"time"
)

func TestRunArguments(t *testing.T) {
	for _, test := range []struct {
		args string
		want runMode
		err  string
	}{
		{"", runMode{false, time.Hour}, ""},
		{"--attached", runMode{true, time.Hour}, ""},
		{"--attached --ttl 1h30m", runMode{true, 90 * time.Minute}, ""},
		{"--ttl 1h", runMode{}, "run takes --ttl only with --attached"},
		{"--attached --ttl 0s", runMode{}, "must be from 1s to 8760h"},
		{"--attached --ttl", runMode{}, "flag needs an argument"},
		{"--attached now", runMode{}, `run takes no argument "now"`},
	} {
		var said strings.Builder
		mode, err := parseRun(strings.Fields(test.args), &said)
		if (err != nil) != (test.err != "") || !strings.Contains(said.String(), test.err) || err == nil && mode != test.want {
			t.Errorf("%s: %+v, %v, %s", test.args, mode, err, said.String())
		}
	}
}
