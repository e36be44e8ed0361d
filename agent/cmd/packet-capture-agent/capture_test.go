package main

import (
	"testing"

	"packet-capture/agent/internal/settings"
)

func TestACaptureKeepsToTheRelease(t *testing.T) {
	const locked = "must stay as the release has it: annotations may change state, snaplen"
	lockedHere := map[string]string{"PACKET_CAPTURE_ALLOWED_SETTINGS": "state snaplen", "PACKET_CAPTURE_FILTER": "udp"}
	free := map[string]string{"PACKET_CAPTURE_FILTER": "udp", "PACKET_CAPTURE_INTERFACES": "lo"}
	for _, test := range []struct {
		name            string
		environment     map[string]string
		given           settings.Values
		filter          string
		setting, reason string
	}{
		{"nothing is given", free, settings.Values{}, "udp", "", ""},
		{"a filter is given", free, settings.Values{"filter": "tcp"}, "tcp", "", ""},
		{"no filter is given by name", free, settings.Values{"filter": ""}, "", "", ""},
		{"a locked filter as it is", lockedHere, settings.Values{"filter": "udp", "snaplen": "96"}, "udp", "", ""},
		{"another filter than the locked one", lockedHere, settings.Values{"filter": "tcp"}, "udp", "filter", locked},
		{"everything in spite of the locked filter", lockedHere, settings.Values{"filter": ""}, "udp", "filter", locked},
		{"locked interfaces", lockedHere, settings.Values{"interfaces": "lo"}, "udp", "interfaces", locked},
		{"an interface that is none", free, settings.Values{"interfaces": "a b"}, "udp", "interfaces", "must be interface names, separated by commas, without spaces"},
		{"a ring that is none of its business", map[string]string{"PACKET_CAPTURE_FILE_SIZE": "much"}, settings.Values{}, "", "", ""},
	} {
		wanted, refusal := parseCapture(test.given, func(name string) (string, bool) { value, there := test.environment[name]; return value, there })
		if refusal == nil {
			if test.reason != "" || wanted.Filter != test.filter {
				t.Errorf("%s: %+v", test.name, wanted)
			}
			continue
		}
		if refusal.Setting != test.setting || refusal.Reason != test.reason {
			t.Errorf("%s: %+v", test.name, refusal)
		}
	}
}

func TestACaptureSaysWhoAskedAndWhy(t *testing.T) {
	wanted := settings.Settings{Filter: "tcp port 80"}
	for _, test := range []struct {
		asked settings.Values
		want  string
	}{
		{settings.Values{}, ""},
		{settings.Values{"by": "", "reason": "", "filter": "udp"}, ""},
		{settings.Values{"by": "alice"}, `{"filter":"tcp port 80","by":"alice"}`},
		{settings.Values{"by": "alice", "reason": "5xx \"<&>\""}, `{"filter":"tcp port 80","by":"alice","reason":"5xx \"<&>\""}`},
	} {
		if got := captureComment(wanted, test.asked); got != test.want {
			t.Errorf("%v: %s", test.asked, got)
		}
	}
}
