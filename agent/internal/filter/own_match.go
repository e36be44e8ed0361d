package filter

import (
	"net/netip"
	"slices"

	"packet-capture/agent/internal/traffic"
)

// writeMatch compares addresses and ports; the ports are in the memory.
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

// writeMarked drops packets with the hop limit and the addresses of a marked flow, and with its remote port if
// hasPorts.
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

// writeExact jumps to the tree of the packet's address in the pod. A holds the ports, the local one in the upper half,
// and X the offset of the other address.
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

// linear is how many keys are compared one after another.
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
