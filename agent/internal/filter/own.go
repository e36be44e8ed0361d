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

// where is how the network header is reached: at a fixed place, or behind VLAN tags or inside an ICMP error, by an offset in
// memoryShift and in X.
type where struct {
	base   uint32
	shifts bool
	// quoted: an ICMP error holds it. Its hop limit has changed on the way, and it holds no other error.
	quoted bool
}

func (p *prologue) write() {
	if p.four.isEmpty() && p.six.isEmpty() {
		p.jump(p.passes)
		return
	}
	four, six := p.familyLabel(p.four), p.familyLabel(p.six)
	base := p.link.networkOffset()
	var tagged *tagged
	switch p.link {
	case Ethernet:
		tagged = p.writeEthernet(four, six)
	case Cooked:
		p.emit(loadWord, specialProtocol)
		p.dispatch(four, six)
	default:
		p.emit(loadLength, 0)
		p.when(ifAtLeast, 1, next, p.passes)
		p.emit(loadByte, 0)
		p.emit(andNumber, 0xf0)
		p.when(ifEqual, 0x40, four, next)
		p.when(ifEqual, 0x60, six, p.passes)
	}
	at := where{base: base}
	p.writeFamily(p.four, four, at)
	p.writeFamily(p.six, six, at)
	if tagged != nil {
		at.shifts = true
		p.writeFamily(p.four, tagged.four, at)
		p.writeFamily(p.six, tagged.six, at)
	}
	at.shifts, at.quoted = true, true
	p.writeFamily(p.four, p.four.quoted, at)
	p.writeFamily(p.six, p.six.quoted, at)
	p.writeTrees(p.four)
	p.writeTrees(p.six)
}

// familyLabel is where packets of a family go on.
func (p *prologue) familyLabel(f *family) label {
	if f.isEmpty() {
		return p.passes
	}
	return p.label()
}

// tagged are the places of the families behind VLAN tags.
type tagged struct{ four, six label }

// writeEthernet finds the network header, behind two tags at most that the kernel has not taken off.
func (p *prologue) writeEthernet(four, six label) *tagged {
	behind := &tagged{four: p.familyLabel(p.four), six: p.familyLabel(p.six)}
	p.emit(loadLength, 0)
	p.when(ifAtLeast, 14, next, p.passes)
	p.emit(loadHalf, 12)
	tag := p.label()
	p.when(ifEqual, etherIPv4, four, next)
	p.when(ifEqual, etherIPv6, six, next)
	p.whenTag(tag, p.passes)
	for depth := uint32(1); depth <= 2; depth++ {
		p.place(tag)
		p.emit(loadLength, 0)
		p.when(ifAtLeast, 14+4*depth, next, p.passes)
		p.emit(setX, 4*depth)
		p.emit(storeX, memoryShift)
		p.emit(loadHalf, 12+4*depth)
		p.when(ifEqual, etherIPv4, behind.four, next)
		p.when(ifEqual, etherIPv6, behind.six, next)
		if depth == 2 {
			p.jump(p.passes)
			break
		}
		tag = p.label()
		p.whenTag(tag, p.passes)
	}
	return behind
}

// whenTag jumps if A is the ethertype of a tag.
func (a *assembler) whenTag(yes, no label) {
	for i, ethertype := range etherTags {
		otherwise := next
		if i == len(etherTags)-1 {
			otherwise = no
		}
		a.when(ifEqual, ethertype, yes, otherwise)
	}
}

func (p *prologue) dispatch(four, six label) {
	p.when(ifEqual, etherIPv4, four, next)
	p.when(ifEqual, etherIPv6, six, p.passes)
}

func (p *prologue) writeFamily(f *family, start label, at where) {
	if f.isEmpty() {
		return
	}
	p.place(start)
	if f.isSix {
		p.writeSix(f, at)
	} else {
		p.writeFour(f, at)
	}
}

// load puts a field of the network header into A; X holds the shift if there is one.
func (p *prologue) load(at where, op uint16, offset uint32) {
	if at.shifts {
		op += loadWordX - loadWord
	}
	p.emit(op, at.base+offset)
}

// needs lets packets pass that have fewer bytes from the network header on.
func (p *prologue) needs(at where, bytes uint32) {
	if at.shifts {
		p.emit(setXMemory, memoryShift)
		p.emit(moveToA, 0)
		p.emit(addNumber, at.base+bytes)
		p.emit(moveToX, 0)
		p.emit(loadLength, 0)
		p.when(ifAtLeastX, 0, next, p.passes)
		p.emit(setXMemory, memoryShift)
		return
	}
	p.emit(loadLength, 0)
	p.when(ifAtLeast, at.base+bytes, next, p.passes)
}

// writeFour looks at an IPv4 packet.
func (p *prologue) writeFour(f *family, at where) {
	ours, icmp, fragment := p.label(), p.label(), p.label()
	p.needs(at, 20)
	p.load(at, loadByte, f.byFamily.protocol)
	for _, protocol := range f.protocols() {
		p.when(ifEqual, protocol, ours, next)
	}
	if at.quoted {
		p.jump(p.passes)
	} else {
		p.when(ifEqual, protocolICMP, icmp, p.passes)
	}

	p.place(ours)
	p.emit(store, memoryProtocol)
	p.load(at, loadHalf, 6)
	p.when(ifAnyBit, 0x1fff, fragment, next)
	p.writeHeaderLength(at, 4)
	p.emit(loadWordX, at.base)
	p.emit(store, memoryPorts)
	p.writeMatch(f, at)

	p.place(fragment)
	p.writeFragments(f, at)

	p.place(icmp)
	if !at.quoted {
		p.writeErrorsFour(f, at)
	}
}

// writeHeaderLength puts what is in front of the transport header, without the base, into X; a packet that does not have
// so many bytes behind it passes.
func (p *prologue) writeHeaderLength(at where, bytes uint32) {
	if at.shifts {
		p.emit(setXMemory, memoryShift)
	}
	p.load(at, loadByte, 0)
	p.emit(andNumber, 0x0f)
	p.emit(leftShift, 2)
	p.when(ifAtLeast, 20, next, p.passes)
	if at.shifts {
		p.emit(addX, 0)
	}
	p.emit(moveToX, 0)
	p.emit(loadLength, 0)
	if at.base+bytes > 0 {
		// It has 20 bytes and the base: this does not get below zero, since bytes are at most 8.
		p.emit(subNumber, at.base+bytes)
	}
	p.when(ifAtLeastX, 0, next, p.passes)
}

// writeErrorsFour looks at what an ICMP error quotes: unreachable, source quench, redirect, time exceeded, bad parameter.
func (p *prologue) writeErrorsFour(f *family, at where) {
	quoted := p.label()
	p.load(at, loadHalf, 6)
	p.when(ifAnyBit, 0x1fff, p.passes, next)
	p.writeHeaderLength(at, 8)
	p.emit(loadByteX, at.base)
	for _, kind := range []uint32{3, 4, 5, 11} {
		p.when(ifEqual, kind, quoted, next)
	}
	p.when(ifEqual, 12, quoted, p.passes)
	p.place(quoted)
	p.emit(moveToA, 0)
	p.emit(addNumber, 8)
	p.emit(store, memoryShift)
	p.jump(f.quoted)
}

// writeSix looks at an IPv6 packet. Of extension headers the kernel gives the agent's packets the one of fragments alone.
func (p *prologue) writeSix(f *family, at where) {
	ours, icmp, fragment, match := p.label(), p.label(), p.label(), p.label()
	p.needs(at, 44)
	p.load(at, loadByte, f.byFamily.protocol)
	for _, protocol := range f.protocols() {
		p.when(ifEqual, protocol, ours, next)
	}
	if !at.quoted {
		p.when(ifEqual, protocolICMPv6, icmp, next)
	}
	p.when(ifEqual, protocolFragment, fragment, p.passes)

	p.place(fragment)
	p.writeFragmentHeader(f, at, match)

	p.place(ours)
	p.emit(store, memoryProtocol)
	p.load(at, loadWord, 40)
	p.place(match)
	p.emit(store, memoryPorts)
	p.writeMatch(f, at)

	p.place(icmp)
	if !at.quoted {
		p.writeErrorsSix(f, at)
	}
}

// writeFragmentHeader looks behind a fragment header of IPv6; match goes on with the ports in A.
func (p *prologue) writeFragmentHeader(f *family, at where, match label) {
	ours, later := p.label(), p.label()
	p.needs(at, 48)
	p.load(at, loadByte, 40)
	protocols := f.protocols()
	for i, protocol := range protocols {
		otherwise := next
		if i == len(protocols)-1 {
			otherwise = p.passes
		}
		p.when(ifEqual, protocol, ours, otherwise)
	}
	p.place(ours)
	p.emit(store, memoryProtocol)
	p.load(at, loadHalf, 42)
	p.when(ifAnyBit, 0xfff8, later, next)
	p.needs(at, 52)
	p.load(at, loadWord, 48)
	p.jump(match)
	p.place(later)
	p.writeFragments(f, at)
}

// writeErrorsSix: destination unreachable, packet too big, time exceeded, parameter problem.
func (p *prologue) writeErrorsSix(f *family, at where) {
	p.needs(at, 48)
	p.load(at, loadByte, 40)
	p.when(ifGreater, 4, p.passes, next)
	p.when(ifEqual, 0, p.passes, next)
	shift := uint32(48)
	if at.shifts {
		p.emit(moveToA, 0)
		p.emit(addNumber, shift)
	} else {
		p.emit(loadNumber, shift)
	}
	p.emit(store, memoryShift)
	p.jump(f.quoted)
}

// writeFragments: a fragment but the first has no ports. Those of marked flows are told by their hop limit.
func (p *prologue) writeFragments(f *family, at where) {
	p.restoreShift(at)
	p.writeMarked(f, at, false)
	p.jump(p.passes)
}

func (p *prologue) restoreShift(at where) {
	if at.shifts {
		p.emit(setXMemory, memoryShift)
	}
}

// writeMatch compares addresses and ports, which are in the memory.
func (p *prologue) writeMatch(f *family, at where) {
	p.restoreShift(at)
	p.writeMarked(f, at, true)
	protocols := f.protocols()
	for i, protocol := range protocols {
		other := p.passes
		if i < len(protocols)-1 {
			other = p.label()
			p.emit(loadMemory, memoryProtocol)
			p.when(ifEqual, protocol, next, other)
		}
		p.writeAnybody(f, at, f.anybody[protocol])
		p.writeExact(f, at, f.exact[protocol])
		if other != p.passes {
			p.place(other)
		}
	}
}

// writeMarked drops what has the hop limit and the addresses of a marked flow, and its remote port, if hasPorts.
func (p *prologue) writeMarked(f *family, at where, hasPorts bool) {
	for _, flow := range f.marked {
		other := p.label()
		if !at.quoted {
			p.load(at, loadByte, f.byFamily.hops)
			p.when(ifEqual, uint32(flow.HopLimit), next, other)
		}
		p.emit(loadMemory, memoryProtocol)
		p.when(ifEqual, uint32(flow.Protocol), next, other)
		if hasPorts && flow.Remote.IsValid() {
			p.emit(loadMemory, memoryPorts)
			p.emit(andNumber, 0xffff)
			p.when(ifEqual, uint32(flow.Remote.Port()), next, other)
		}
		if !flow.Local.Addr().IsUnspecified() {
			p.whenAddress(at, f.byFamily.source, flow.Local.Addr(), next, other)
		}
		if flow.Remote.IsValid() {
			p.whenAddress(at, f.byFamily.destination, flow.Remote.Addr(), next, other)
		}
		p.jump(p.drops)
		p.place(other)
	}
}

// writeAnybody drops packets to and from ports that the agent listens on.
func (p *prologue) writeAnybody(f *family, at where, flows []traffic.Flow) {
	for _, flow := range flows {
		destination, other := p.label(), p.label()
		p.emit(loadMemory, memoryPorts)
		p.emit(rightShift, 16)
		p.when(ifEqual, uint32(flow.Local.Port()), next, destination)
		p.whenAddress(at, f.byFamily.source, flow.Local.Addr(), p.drops, destination)
		p.place(destination)
		p.emit(loadMemory, memoryPorts)
		p.emit(andNumber, 0xffff)
		p.when(ifEqual, uint32(flow.Local.Port()), next, other)
		p.whenAddress(at, f.byFamily.destination, flow.Local.Addr(), p.drops, other)
		p.place(other)
	}
}

// whenAddress compares an address of the packet; X holds the shift.
func (p *prologue) whenAddress(at where, offset uint32, address netip.Addr, yes, no label) {
	differs := no
	words := addressWords(address)
	if no == next {
		differs = p.label()
	}
	for i, word := range words {
		p.load(at, loadWord, offset+4*uint32(i))
		equal := next
		if i == len(words)-1 {
			equal = yes
		}
		p.when(ifEqual, word, equal, differs)
	}
	if no == next {
		p.place(differs)
	}
}

func addressWords(address netip.Addr) []uint32 {
	bytes := address.AsSlice()
	words := make([]uint32, 0, len(bytes)/4)
	for i := 0; i < len(bytes); i += 4 {
		words = append(words, uint32(bytes[i])<<24|uint32(bytes[i+1])<<16|uint32(bytes[i+2])<<8|uint32(bytes[i+3]))
	}
	return words
}

// writeExact goes into the tree of the packet's address in the pod, with A its ports, the local one in the upper half, and X
// where the other address is.
func (p *prologue) writeExact(f *family, at where, list []*ends) {
	outbound := make([]label, len(list))
	inbound := make([]label, len(list))
	for i, one := range list {
		outbound[i] = p.label()
		p.whenAddress(at, f.byFamily.source, one.local, outbound[i], next)
	}
	for i, one := range list {
		inbound[i] = p.label()
		p.whenAddress(at, f.byFamily.destination, one.local, inbound[i], next)
	}
	p.jump(p.passes)
	for i, one := range list {
		p.place(outbound[i])
		p.setPeer(at, f.byFamily.destination)
		p.emit(loadMemory, memoryPorts)
		p.jump(one.tree)

		p.place(inbound[i])
		p.emit(loadMemory, memoryPorts)
		p.emit(rightShift, 16)
		p.emit(moveToX, 0)
		p.emit(loadMemory, memoryPorts)
		p.emit(leftShift, 16)
		p.emit(orX, 0)
		p.emit(store, memoryPorts)
		p.setPeer(at, f.byFamily.source)
		p.emit(loadMemory, memoryPorts)
		p.jump(one.tree)
	}
}

// setPeer puts the offset of an address, without the base, into X.
func (p *prologue) setPeer(at where, offset uint32) {
	if !at.shifts {
		p.emit(setX, offset)
		return
	}
	p.emit(loadMemory, memoryShift)
	p.emit(addNumber, offset)
	p.emit(moveToX, 0)
}

func (p *prologue) writeTrees(f *family) {
	for _, protocol := range f.protocols() {
		for _, one := range f.exact[protocol] {
			p.place(one.tree)
			p.writeTree(one.keys)
		}
	}
}

// linear is how many keys are compared one after the other.
const linear = 4

// writeTree looks A up among the keys.
func (p *prologue) writeTree(keys []key) {
	groups := slices.Collect(chunkByPorts(keys))
	p.writeBranch(groups)
}

func (p *prologue) writeBranch(groups [][]key) {
	if len(groups) > linear {
		middle := len(groups) / 2
		upper := p.label()
		p.when(ifAtLeast, groups[middle][0].ports, upper, next)
		p.writeBranch(groups[:middle])
		p.place(upper)
		p.writeBranch(groups[middle:])
		return
	}
	leaves := make([]label, len(groups))
	for i, group := range groups {
		leaves[i] = p.label()
		p.when(ifEqual, group[0].ports, leaves[i], next)
	}
	p.jump(p.passes)
	for i, group := range groups {
		p.place(leaves[i])
		p.writeLeaf(group)
	}
}

// writeLeaf compares the address of the peer, which X points to.
func (p *prologue) writeLeaf(group []key) {
	drops := p.label()
	for _, one := range group {
		differs := p.label()
		for i, word := range addressWords(one.peer) {
			p.emit(loadWordX, p.link.networkOffset()+4*uint32(i))
			p.when(ifEqual, word, next, differs)
		}
		p.jump(drops)
		p.place(differs)
	}
	p.jump(p.passes)
	p.place(drops)
	p.emit(returnK, 0)
}

// chunkByPorts groups sorted keys that have the same ports.
func chunkByPorts(keys []key) func(func([]key) bool) {
	return func(yield func([]key) bool) {
		for start := 0; start < len(keys); {
			end := start + 1
			for end < len(keys) && keys[end].ports == keys[start].ports {
				end++
			}
			if !yield(keys[start:end]) {
				return
			}
			start = end
		}
	}
}
