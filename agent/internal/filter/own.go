package filter

import (
	"cmp"
	"net/netip"
	"slices"

	"packet-capture/agent/internal/traffic"
)

// The prologue drops the agent's own packets. Its cost for a packet hardly depends on the number of flows: the packet's
// addresses are compared with the few addresses of the pod, then both ports are looked up in a tree. A packet that is
// too short for a header passes: it is the app's, and a load beyond its end would drop it.

// Protocols and ethertypes.
const (
	protocolICMP     = 1
	protocolTCP      = 6
	protocolUDP      = 17
	protocolFragment = 44
	protocolICMPv6   = 58

	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// etherTags are the ethertypes of VLAN tags that libpcap knows.
var etherTags = []uint32{0x8100, 0x88a8, 0x9100}

// Places in the scratch memory while the prologue runs.
const (
	// memoryShift holds the distance of the network header from its place in a packet without VLAN tags, in bytes.
	memoryShift = iota
	memoryPorts
	memoryProtocol
)

// ends are the flows of one protocol that have one end in the pod.
type ends struct {
	local netip.Addr
	// keys are sorted by their ports.
	keys []key
	tree label
}

// key is a flow in the form in which packets are compared with it.
type key struct {
	// ports: the local one in the upper half.
	ports uint32
	peer  netip.Addr
}

// family is IPv4 or IPv6, with its flows by protocol.
type family struct {
	isSix    bool
	exact    map[uint32][]*ends
	anybody  map[uint32][]traffic.Flow
	marked   []traffic.Flow
	byFamily layout
	// quoted is the label for a header that an ICMP error quotes.
	quoted label
}

// layout holds the offsets of a header's fields, in bytes, and the length of an address in words.
type layout struct {
	protocol, hops, source, destination, words uint32
}

var (
	layoutFour = layout{protocol: 9, hops: 8, source: 12, destination: 16, words: 1}
	layoutSix  = layout{protocol: 6, hops: 7, source: 8, destination: 24, words: 4}
)

type prologue struct {
	*assembler
	link          LinkType
	four, six     *family
	passes, drops label
}

func newPrologue(a *assembler, link LinkType, own []traffic.Flow, passes, drops label) *prologue {
	p := &prologue{assembler: a, link: link, passes: passes, drops: drops}
	p.four = p.newFamily(own, false)
	p.six = p.newFamily(own, true)
	return p
}

func (p *prologue) newFamily(own []traffic.Flow, isSix bool) *family {
	f := &family{
		isSix: isSix, exact: map[uint32][]*ends{}, anybody: map[uint32][]traffic.Flow{}, byFamily: layoutFour, quoted: p.label(),
	}
	if isSix {
		f.byFamily = layoutSix
	}
	for _, flow := range own {
		flow = unmapped(flow)
		protocol := uint32(flow.Protocol)
		switch {
		case flow.Local.Addr().Is6() != isSix || protocol != protocolTCP && protocol != protocolUDP:
		case flow.HopLimit != 0:
			f.marked = append(f.marked, flow)
		case !flow.Remote.IsValid():
			f.anybody[protocol] = append(f.anybody[protocol], flow)
		case flow.Remote.Addr().Is6() == isSix:
			f.add(p.assembler, protocol, flow.Local, flow.Remote)
		}
	}
	for protocol, list := range f.exact {
		f.reverse(protocol, list)
		for _, one := range list {
			slices.SortFunc(one.keys, func(a, b key) int {
				return cmp.Or(cmp.Compare(a.ports, b.ports), a.peer.Compare(b.peer))
			})
			one.keys = slices.Compact(one.keys)
		}
	}
	return f
}

// unmapped turns IPv4-mapped addresses into IPv4 ones, and removes zones.
func unmapped(flow traffic.Flow) traffic.Flow {
	flow.Local = netip.AddrPortFrom(flow.Local.Addr().Unmap().WithZone(""), flow.Local.Port())
	if flow.Remote.IsValid() {
		flow.Remote = netip.AddrPortFrom(flow.Remote.Addr().Unmap().WithZone(""), flow.Remote.Port())
	}
	return flow
}

func (f *family) add(a *assembler, protocol uint32, local, remote netip.AddrPort) {
	list := f.exact[protocol]
	i := slices.IndexFunc(list, func(one *ends) bool { return one.local == local.Addr() })
	if i < 0 {
		i = len(list)
		list = append(list, &ends{local: local.Addr(), tree: a.label()})
		f.exact[protocol] = list
	}
	list[i].keys = append(list[i].keys, key{ports: uint32(local.Port())<<16 | uint32(remote.Port()), peer: remote.Addr()})
}

// reverse adds the opposite direction of flows between two addresses of the pod, because a packet is looked up by its
// source first.
func (f *family) reverse(protocol uint32, list []*ends) {
	for _, one := range list {
		for _, k := range slices.Clone(one.keys) {
			if i := slices.IndexFunc(list, func(other *ends) bool { return other.local == k.peer }); i >= 0 {
				list[i].keys = append(list[i].keys, key{ports: k.ports<<16 | k.ports>>16, peer: one.local})
			}
		}
	}
}

func (f *family) isEmpty() bool { return len(f.exact)+len(f.anybody)+len(f.marked) == 0 }

// protocols returns the protocols of the family's flows.
func (f *family) protocols() []uint32 {
	var list []uint32
	for _, protocol := range []uint32{protocolTCP, protocolUDP} {
		isMarked := slices.ContainsFunc(f.marked, func(flow traffic.Flow) bool { return uint32(flow.Protocol) == protocol })
		if len(f.exact[protocol])+len(f.anybody[protocol]) > 0 || isMarked {
			list = append(list, protocol)
		}
	}
	return list
}
