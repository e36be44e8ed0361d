package agent

import (
	"strings"
	"testing"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/settings"
)

func TestChoose(t *testing.T) {
	all := []links.Link{{Name: "lo", Index: 1, Hardware: 772, Up: true}, {Name: "eth1", Index: 3, Hardware: 1, Up: true}, {Name: "eth0", Index: 2, Hardware: 1, Up: true},
		{Name: "down0", Index: 4, Hardware: 1}, {Name: "pcmirror0", Index: 5, Hardware: 1, Up: true}}
	for _, test := range []struct {
		wanted  settings.Interfaces
		present string
		problem string
	}{
		{settings.Interfaces{All: true}, "eth0 eth1", ""},
		{settings.Interfaces{All: true, Loopback: true}, "eth0 eth1 lo", ""},
		{settings.Interfaces{Names: []string{"eth1", "down0", "lo"}}, "eth1 down0 lo", ""},
		{settings.Interfaces{Names: []string{"eth0", "net1", "net2"}}, "eth0", "there is no interface net1 net2"},
		{settings.Interfaces{Names: []string{"pcmirror0"}}, "", "there is no interface pcmirror0"},
	} {
		got := choose(all, test.wanted)
		if names := strings.Join(namesOf(got.present), " "); names != test.present || got.problem() != test.problem {
			t.Errorf("%+v: %s, %q", test.wanted, names, got.problem())
		}
	}
	if problem := choose(all[:1], settings.Interfaces{All: true}).problem(); problem != "no interface is up except lo" {
		t.Errorf("%q", problem)
	}
}

func namesOf(interfaces []capture.Interface) []string {
	var names []string
	for _, i := range interfaces {
		names = append(names, i.Name)
	}
	return names
}
