package filter

import (
	"cmp"
	"net/netip"
	"slices"

	"packet-capture/agent/internal/traffic"
)

// The prologue leaves the agent's own packets out. What it costs a packet hardly depends on how many flows there are: the
// packet's end in the pod is compared with the few addresses of the pod, then both ports are looked up in a tree. A packet
// that is too short for a header that is looked at passes: it is the app's, and a load beyond its end would lose it.

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
	// memoryShift holds how much farther back the network header is than in a packet without VLAN tags.
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

// key is a flow as a packet is compared with it.
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
	// quoted is where the header goes on that an ICMP error quotes.
	quoted label
}

// layout says where the fields of a header are.
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

// unmapped takes IPv4 addresses out of IPv6 ones, and zones off.
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

// reverse adds the way back of flows between two addresses of the pod: a packet is taken for one of its source's.
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

// protocols of its flows.
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
