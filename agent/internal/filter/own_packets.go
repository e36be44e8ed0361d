package filter

// where is how the network header is reached: at a fixed place, or, after VLAN tags or inside an ICMP error, with an
// offset in memoryShift and X.
type where struct {
	base   uint32
	shifts bool
	// quoted: an ICMP error quotes the header. Its hop limit has changed on the way, and it is not an error itself.
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

// familyLabel is the label for packets of a family.
func (p *prologue) familyLabel(f *family) label {
	if f.isEmpty() {
		return p.passes
	}
	return p.label()
}

// tagged are the labels for packets of each family with VLAN tags.
type tagged struct{ four, six label }

// writeEthernet finds the network header, after at most two tags that the kernel has not removed.
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

// needs lets packets pass that have fewer bytes from the network header on than that.
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

// writeHeaderLength puts the offset of the transport header, without the base, into X; a packet with fewer than that
// many bytes after it passes.
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

// writeErrorsFour looks at the packet that an ICMP error quotes: unreachable, source quench, redirect, time exceeded,
// bad parameter.
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

// writeSix looks at an IPv6 packet. The only extension header in the agent's packets is that of fragments.
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

// writeFragmentHeader looks after a fragment header of IPv6; match continues with the ports in A.
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

// writeFragments handles fragments other than the first, which have no ports: marked flows are recognized by their hop
// limit.
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
