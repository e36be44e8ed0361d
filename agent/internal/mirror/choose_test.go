package mirror

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"packet-capture/agent/internal/settings"
)

func link(name, kind string, index int, flags net.Flags) netlink.Link {
	return &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: name, EncapType: kind, Index: index, Flags: flags}}
}

func TestChoose(t *testing.T) {
	links := []netlink.Link{
		link("lo", "loopback", 1, net.FlagUp),
		link("tun0", "none", 5, net.FlagUp),
		link("net1", "ether", 3, net.FlagUp),
		link("eth0", "ether", 2, net.FlagUp),
		link("down", "ether", 4, 0),
		link("pcmirror0", "ether", 6, net.FlagUp),
		link("pcmirror1", "ether", 7, net.FlagUp),
		link("pcmirror2", "ether", 8, net.FlagUp),
	}
	lo, eth0, net1, down := mirrored{"lo", 1}, mirrored{"eth0", 2}, mirrored{"net1", 3}, mirrored{"down", 4}
	for _, test := range []struct {
		name    string
		wanted  settings.Interfaces
		chosen  interfaces
		problem string
	}{
		{"all", settings.Interfaces{All: true}, interfaces{mirrored: []mirrored{eth0, net1}, without: []string{"tun0"}}, ""},
		{"any", settings.Interfaces{All: true, Loopback: true}, interfaces{mirrored: []mirrored{eth0, lo, net1}, without: []string{"tun0"}}, ""},
		{"names, one twice, one that is down", settings.Interfaces{Names: []string{"net1", "down", "net1"}}, interfaces{mirrored: []mirrored{net1, down}}, ""},
		{"one that is missing", settings.Interfaces{Names: []string{"eth1", "eth0"}}, interfaces{mirrored: []mirrored{eth0}, missing: []string{"eth1"}}, "there is no interface eth1"},
		{"one of the mirror's own", settings.Interfaces{Names: []string{"pcmirror0"}}, interfaces{missing: []string{"pcmirror0"}}, "there is no interface pcmirror0"},
		{"a tunnel alone", settings.Interfaces{Names: []string{"tun0"}}, interfaces{without: []string{"tun0"}}, "no interface is up except lo and tun0, which has no Ethernet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.chosen.hasDevices = true
			got := chooseOf(links, test.wanted)
			if !reflect.DeepEqual(got, test.chosen) {
				t.Errorf("got %+v, want %+v", got, test.chosen)
			}
			problem := ""
			if err := got.problem(); err != nil {
				problem = err.Error()
			}
			if problem != test.problem {
				t.Errorf("problem %q, want %q", problem, test.problem)
			}
		})
	}
	if chooseOf(links[:6], settings.Interfaces{All: true}).hasDevices {
		t.Error("one of three devices is not all of them")
	}
}

func TestUnfit(t *testing.T) {
	for expression, word := range map[string]string{
		"vlan 5 or udp": "vlan", "(vlan)": "vlan", "udp and inbound": "inbound", "not outbound": "outbound",
		"udp": "", "host vlan.example": "", "host my-vlan": "", "": "",
	} {
		if got := unfit(expression); got != word {
			t.Errorf("%q: got %q, want %q", expression, got, word)
		}
	}
}

func TestWayTo(t *testing.T) {
	enter(t)
	mirror := settings.Mirror{Endpoint: settings.Endpoint{Host: "10.0.0.9", Port: 4789}, VNI: 42}
	if to, err := wayTo(somewhere.collector, mirror, ""); err != nil || to != somewhere {
		t.Errorf("got %+v, %v", to, err)
	}
	elsewhere := netip.MustParseAddr("10.77.0.9")
	if _, err := wayTo(elsewhere, mirror, ""); err == nil || err.Error() != "there is no route to 10.77.0.9" {
		t.Errorf("got %v", err)
	}
	sh(t, "ip tuntap add tun0 mode tun; ip link set tun0 up; ip address add 10.1.0.1/32 dev tun0; ip route add 10.77.0.0/24 dev tun0")
	if _, err := wayTo(elsewhere, mirror, ""); err == nil || err.Error() != "10.77.0.9 is behind tun0, a tunnel: set a filter that leaves the tunnel's own packets out" {
		t.Errorf("got %v", err)
	}
	if _, err := wayTo(elsewhere, mirror, "tcp"); err != nil {
		t.Errorf("with a filter: %v", err)
	}
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		err  error
		text string
	}{
		{fmt.Errorf("cannot make it: %w", syscall.EPERM), "cannot make it: Operation not permitted"},
		{errors.Join(errors.New("one"), errors.New("two")), "one; two"},
		{errors.New("there is no interface eth1"), "there is no interface eth1"},
	} {
		if got := words(test.err); got != test.text {
			t.Errorf("got %q, want %q", got, test.text)
		}
	}
}
