package filter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// isOwn says whether a packet belongs to one of the flows. It shares nothing with the program in own.go.
func isOwn(p packet, link LinkType, own []traffic.Flow) bool {
	b := p.bytes
	ethertype := uint16(p.protocol)
	switch link {
	case Ethernet:
		if len(b) < 14 {
			return false
		}
		ethertype, b = binary.BigEndian.Uint16(b[12:]), b[14:]
		for tags := 0; tags < 2 && (ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100); tags++ {
			if len(b) < 4 {
				return false
			}
			ethertype, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		}
	case Raw, IPv4, IPv6:
		if len(b) == 0 {
			return false
		}
		ethertype = map[byte]uint16{4: 0x0800, 6: 0x86dd}[b[0]>>4]
	}
	return ethertype == 0x0800 && isOwnFour(b, own, false) || ethertype == 0x86dd && isOwnSix(b, own, false)
}

// seen is what a packet says about its flow.
type seen struct {
	protocol    uint8
	hops        uint8
	source      netip.Addr
	destination netip.Addr
	// ports are nil for a fragment that has none.
	ports  []byte
	quoted bool
}

func isOwnFour(b []byte, own []traffic.Flow, quoted bool) bool {
	if len(b) < 20 {
		return false
	}
	source, _ := netip.AddrFromSlice(b[12:16])
	destination, _ := netip.AddrFromSlice(b[16:20])
	s := seen{b[9], b[8], source, destination, nil, quoted}
	if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return b[9] != 1 && s.isOf(own)
	}
	header := int(b[0]&15) * 4
	if header < 20 {
		return false
	}
	if s.protocol == 1 && !quoted {
		if len(b) < header+8 {
			return false
		}
		switch b[header] {
		case 3, 4, 5, 11, 12:
			return isOwnFour(b[header+8:], own, true)
		}
		return false
	}
	if len(b) < header+4 {
		return false
	}
	s.ports = b[header : header+4]
	return s.isOf(own)
}

func isOwnSix(b []byte, own []traffic.Flow, quoted bool) bool {
	if len(b) < 40 {
		return false
	}
	source, _ := netip.AddrFromSlice(b[8:24])
	destination, _ := netip.AddrFromSlice(b[24:40])
	s := seen{b[6], b[7], source, destination, nil, quoted}
	rest := b[40:]
	switch s.protocol {
	case 58:
		if quoted || len(rest) < 8 || rest[0] < 1 || rest[0] > 4 {
			return false
		}
		return isOwnSix(rest[8:], own, true)
	case 44:
		if len(rest) < 8 {
			return false
		}
		s.protocol = rest[0]
		if binary.BigEndian.Uint16(rest[2:])&0xfff8 != 0 {
			return s.isOf(own)
		}
		rest = rest[8:]
	}
	if len(rest) < 4 {
		return false
	}
	s.ports = rest[:4]
	return s.isOf(own)
}

func (s seen) isOf(own []traffic.Flow) bool {
	for _, flow := range own {
		if s.protocol == flow.Protocol && s.is(flow) {
			return true
		}
	}
	return false
}

func (s seen) is(flow traffic.Flow) bool {
	if flow.HopLimit != 0 {
		addresses := s.source == flow.Local.Addr() && s.destination == flow.Remote.Addr()
		hops := s.quoted || s.hops == flow.HopLimit
		return addresses && hops && (s.ports == nil || binary.BigEndian.Uint16(s.ports[2:]) == flow.Remote.Port())
	}
	if s.ports == nil {
		return false
	}
	source := netip.AddrPortFrom(s.source, binary.BigEndian.Uint16(s.ports))
	destination := netip.AddrPortFrom(s.destination, binary.BigEndian.Uint16(s.ports[2:]))
	if !flow.Remote.IsValid() {
		return source == flow.Local || destination == flow.Local
	}
	return source == flow.Local && destination == flow.Remote || source == flow.Remote && destination == flow.Local
}

func (g generator) flows(count int) []traffic.Flow {
	flows := make([]traffic.Flow, count)
	for i := range flows {
		addresses := pick(g, addressesFour, addressesSix)
		flow := traffic.Flow{
			Protocol: pick[uint8](g, 6, 17),
			Local:    netip.AddrPortFrom(pick(g, addresses...), pick(g, somePorts...)),
			Remote:   netip.AddrPortFrom(pick(g, addresses...), pick(g, somePorts...)),
		}
		// Those of other kinds are few, and looked for one after the other.
		if kind := g.IntN(3); i < 5 && kind == 0 {
			flow.Remote = netip.AddrPort{}
		} else if i < 5 && kind == 1 {
			flow.Protocol, flow.HopLimit = 17, pick[uint8](g, 253, 252)
		}
		flows[i] = flow
	}
	return flows
}

func TestOwnFlowsAreLeftOut(t *testing.T) {
	for _, link := range allLinks {
		g := newGenerator(uint64(link) + 7)
		k := newKernel(t)
		dropped := 0
		for round := range 150 {
			flows := g.flows(pick(g, 1, 1, 2, 3, 8, 30))
			program, err := Build(nil, link, settings.Snaplen{}, flows)
			if err != nil {
				t.Fatal(err)
			}
			if round%10 == 0 {
				k.attach(t, program)
			}
			for range 300 {
				aimed := g.at(nil)
				if g.IntN(4) != 0 {
					aimed = g.at(&flows[g.IntN(len(flows))])
				}
				p := aimed.packet(link)
				want := wholePacket
				if isOwn(p, link, flows) {
					want = 0
					dropped++
				}
				if got := run(t, program, p); got != want {
					t.Fatalf("link type %d: %d, not %d, of %x\nflows %v", link, got, want, p.bytes, flows)
				}
				if round%10 == 0 && link != Cooked && len(p.bytes) > 0 {
					if got := k.keeps(t, p.bytes); (got == 0) != (want == 0) {
						t.Fatalf("link type %d: the kernel keeps %d of %x", link, got, p.bytes)
					}
				}
			}
		}
		t.Logf("link type %d: %d packets were of the flows", link, dropped)
	}
}

// distinct are flows as uploads make them: one end in the pod, and as many peers and ports.
func distinct(count int, six bool) []traffic.Flow {
	flows := make([]traffic.Flow, count)
	for i := range flows {
		local, remote := netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrFrom4([4]byte{192, 0, byte(i), 7})
		if six {
			local, remote = netip.MustParseAddr("fd00::1"), netip.MustParseAddr(fmt.Sprintf("fd00:1::%x", i+1))
		}
		flows[i] = traffic.Flow{
			Protocol: protocolTCP,
			Local:    netip.AddrPortFrom(local, uint16(32768+i*7)),
			Remote:   netip.AddrPortFrom(remote, 443),
		}
	}
	return flows
}

func TestManyFlowsFit(t *testing.T) {
	for _, count := range []int{1, 10, 50, 200} {
		for _, six := range []bool{false, true} {
			program, err := Build(nil, Ethernet, settings.Snaplen{Headers: true}, distinct(count, six))
			if err != nil {
				t.Fatal(err)
			}
			newKernel(t).attach(t, program)
			t.Logf("%d flows, IPv6 %v: %d instructions", count, six, len(program))
		}
	}
}

func FuzzOwnFlows(f *testing.F) {
	g := newGenerator(3)
	for _, link := range allLinks {
		for range 20 {
			p := g.packet(link)
			f.Add(p.bytes, uint16(link), uint16(p.protocol), g.Uint64())
		}
	}
	f.Fuzz(func(t *testing.T, bytes []byte, link, protocol uint16, seed uint64) {
		if !LinkType(link).isKnown() {
			return
		}
		flows := newGenerator(seed % 64).flows(int(seed % 5))
		program, err := Build(nil, LinkType(link), settings.Snaplen{}, flows)
		if err != nil {
			t.Fatal(err)
		}
		p := packet{bytes: bytes, protocol: uint32(protocol)}
		if got := run(t, program, p) == 0; got != isOwn(p, LinkType(link), flows) {
			t.Fatalf("left out: %v, flows %v", got, flows)
		}
	})
}

func netipPort(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
