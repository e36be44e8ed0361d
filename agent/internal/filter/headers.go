package filter

// The tail for `snaplen: headers` returns the length of a packet's headers: link, network and transport. A header that
// is incomplete or invalid is left out, with everything after it, so that no byte is kept that may be payload:
//
//   - link: Ethernet with up to three VLAN tags in the packet (tags that the kernel has removed are not in its bytes);
//   - ARP for IPv4 completely; nothing of other link protocols;
//   - IPv4 with its options; IPv6 with up to eight extension headers (hop-by-hop, routing, fragment, destination, AH);
//   - TCP with its options; UDP; eight bytes of ICMP, because an ICMP error quotes the app's packet;
//   - nothing after the network header of other protocols, and of fragments except the first.
//
// Bytes of a header count only within the length in the IP header; a length of 0 (segmentation offload has made the
// packet too large for the field) does not limit them.

const (
	protocolHopByHop       = 0
	protocolRouting        = 43
	protocolAuthentication = 51
	protocolDestination    = 60

	etherARP  = 0x0806
	etherRARP = 0x8035

	// mostTags is how many VLAN tags are skipped, mostExtensions how many extension headers of IPv6.
	mostTags       = 3
	mostExtensions = 8
)

// Places in the scratch memory while the tail runs.
const (
	// headersBase is where the network header begins.
	headersBase = iota
	// headersEnd is where the packet ends, by its length or that in the IP header.
	headersEnd
	// headersAt is where the next header begins: the length to return if that header is left out.
	headersAt
	headersProtocol
	headersWork
)

type tail struct {
	*assembler
	// stops returns headersAt.
	stops label
}

// writeHeaders ends a program; it computes the length and returns it.
func writeHeaders(a *assembler, link LinkType) {
	t := &tail{assembler: a, stops: a.label()}
	to := newTransport(t)
	plain, behind := t.newNetworks(), t.newNetworks()
	base := link.networkOffset()
	t.emit(loadNumber, base)
	t.emit(store, headersBase)
	t.emit(store, headersAt)
	t.emit(loadLength, 0)
	t.emit(store, headersEnd)
	switch link {
	case Ethernet:
		t.writeEthernet(plain, behind)
	case Cooked:
		t.emit(loadWord, specialProtocol)
		t.whenEthertype(plain, t.stops)
	default:
		t.when(ifAtLeast, 1, next, t.stops)
		t.emit(loadByte, 0)
		t.emit(andNumber, 0xf0)
		t.when(ifEqual, 0x40, plain.four, next)
		t.when(ifEqual, 0x60, plain.six, t.stops)
	}
	t.writeNetworks(plain, to, where{base: base})
	if link == Ethernet {
		t.writeNetworks(behind, to, where{shifts: true})
	}
	to.write()

	t.place(t.stops)
	t.emit(loadMemory, headersAt)
	some := t.label()
	// 0 would drop the packet.
	t.when(ifEqual, 0, next, some)
	t.emit(loadNumber, 1)
	t.place(some)
	t.emit(returnA, 0)
}

// networks are the labels of the network protocols.
type networks struct{ four, six, arp label }

func (t *tail) newNetworks() networks { return networks{t.label(), t.label(), t.label()} }

func (t *tail) writeNetworks(n networks, to *transport, at where) {
	t.place(n.four)
	t.writeFour(to, at)
	t.place(n.six)
	t.writeSix(to, at)
	t.place(n.arp)
	t.writeARP(at)
}

// whenEthertype jumps by the ethertype in A.
func (t *tail) whenEthertype(n networks, otherwise label) {
	t.when(ifEqual, etherIPv4, n.four, next)
	t.when(ifEqual, etherIPv6, n.six, next)
	t.when(ifEqual, etherARP, n.arp, next)
	t.when(ifEqual, etherRARP, n.arp, otherwise)
}

// writeEthernet finds the network header: at its usual place, or behind VLAN tags in the packet.
func (t *tail) writeEthernet(plain, behind networks) {
	t.when(ifAtLeast, 14, next, t.stops)
	t.emit(loadHalf, 12)
	for depth := uint32(1); depth <= mostTags; depth++ {
		tag, other := t.label(), t.label()
		if depth == 1 {
			t.whenEthertype(plain, next)
			t.whenTag(tag, t.stops)
		} else {
			t.whenTag(tag, other)
			t.place(other)
			t.whenEthertype(behind, t.stops)
		}
		t.place(tag)
		t.emit(loadLength, 0)
		t.when(ifAtLeast, 14+4*depth, next, t.stops)
		t.emit(loadNumber, 14+4*depth)
		t.emit(store, headersBase)
		t.emit(store, headersAt)
		t.emit(loadHalf, 12+4*depth)
	}
	t.whenEthertype(behind, t.stops)
}

// load puts a field of the network header into A. If the header is not at a fixed place, X must hold the base; such a
// load takes the kernel longer.
func (t *tail) load(at where, op uint16, offset uint32) {
	if at.shifts {
		op += loadWordX - loadWord
	}
	t.emit(op, at.base+offset)
}

// setBase puts the base into X, for load and for sums.
func (t *tail) setBase(at where) {
	if at.shifts {
		t.emit(setXMemory, headersBase)
	} else {
		t.emit(setX, at.base)
	}
}

// counts stops unless that many bytes from X on are within the end.
func (t *tail) counts(bytes uint32) {
	t.emit(moveToA, 0)
	t.emit(addNumber, bytes)
	t.within()
}

// within stops unless A is at most the end; X is lost to it, and A stays.
func (t *tail) within() {
	t.emit(setXMemory, headersEnd)
	t.when(ifGreaterX, 0, t.stops, next)
}

// limit lowers the end to A bytes after the base, which X holds.
func (t *tail) limit() {
	keeps := t.label()
	t.emit(addX, 0)
	t.emit(setXMemory, headersEnd)
	t.when(ifAtLeastX, 0, keeps, next)
	t.emit(store, headersEnd)
	t.place(keeps)
}

// writeFour follows an IPv4 header.
func (t *tail) writeFour(to *transport, at where) {
	unlimited := t.label()
	t.setBase(at)
	t.counts(20)
	t.setBase(at)
	t.load(at, loadByte, 0)
	t.emit(andNumber, 0xf0)
	t.when(ifEqual, 0x40, next, t.stops)
	t.load(at, loadHalf, 2)
	t.when(ifEqual, 0, unlimited, next)
	t.limit()
	t.place(unlimited)
	t.setBase(at)
	t.load(at, loadByte, 0)
	t.emit(andNumber, 0x0f)
	t.emit(leftShift, 2)
	t.when(ifAtLeast, 20, next, t.stops)
	t.emit(addX, 0)
	t.within()
	t.emit(store, headersAt)
	t.setBase(at)
	t.load(at, loadHalf, 6)
	t.when(ifAnyBit, 0x1fff, t.stops, next)
	t.load(at, loadByte, 9)
	t.when(ifEqual, protocolICMP, to.eight, next)
	t.jump(to.start)
}

// writeSix follows an IPv6 header.
func (t *tail) writeSix(to *transport, at where) {
	unlimited := t.label()
	t.setBase(at)
	t.counts(40)
	t.setBase(at)
	t.load(at, loadByte, 0)
	t.emit(andNumber, 0xf0)
	t.when(ifEqual, 0x60, next, t.stops)
	t.emit(moveToA, 0)
	t.emit(addNumber, 40)
	t.emit(store, headersAt)
	t.load(at, loadHalf, 4)
	t.when(ifEqual, 0, unlimited, next)
	t.emit(addNumber, 40)
	t.limit()
	t.place(unlimited)
	t.setBase(at)
	t.load(at, loadByte, 6)
	t.when(ifEqual, protocolTCP, to.start, next)
	t.when(ifEqual, protocolUDP, to.start, next)
	t.jump(to.extensions)
}

// writeExtensions follows the extension headers of IPv6: A is the protocol of the first.
func (t *tail) writeExtensions(to *transport) {
	t.emit(store, headersProtocol)
	t.emit(loadMemory, headersAt)
	done, last := t.label(), t.label()
	for range mostExtensions {
		t.writeExtension(done, last)
	}
	t.emit(loadMemory, headersProtocol)
	t.place(done)
	t.when(ifEqual, protocolICMPv6, to.eight, next)
	t.jump(to.start)

	t.place(last)
	t.emit(moveToA, 0)
	t.emit(addNumber, 8)
	t.emit(returnA, 0)
}

// writeExtension skips one extension header, if there is one. Before and after it, A is where the next header begins,
// and the memory holds that header's protocol. Another protocol jumps to done with the protocol in A; a fragment other
// than the first jumps to last with X where its header begins. All of these headers, and those of transport, have at
// least eight bytes.
func (t *tail) writeExtension(done, last label) {
	long, authentication, fragment, whole := t.label(), t.label(), t.label(), t.label()
	t.emit(addNumber, 8)
	t.within()
	t.emit(setXMemory, headersAt)
	t.emit(loadMemory, headersProtocol)
	t.when(ifEqual, protocolHopByHop, long, next)
	t.when(ifEqual, protocolRouting, long, next)
	t.when(ifEqual, protocolDestination, long, next)
	t.when(ifEqual, protocolFragment, fragment, next)
	t.when(ifEqual, protocolAuthentication, authentication, done)

	t.place(fragment)
	t.emit(loadHalfX, 2)
	t.when(ifAnyBit, 0xfff8, last, next)
	t.emit(loadNumber, 8)
	t.jump(whole)

	t.place(authentication)
	t.emit(loadByteX, 1)
	t.emit(addNumber, 2)
	t.emit(leftShift, 2)
	t.jump(whole)

	t.place(long)
	t.emit(loadByteX, 1)
	t.emit(addNumber, 1)
	t.emit(leftShift, 3)

	t.place(whole)
	t.emit(addX, 0)
	t.emit(store, headersWork)
	t.within()
	t.emit(setXMemory, headersAt)
	t.emit(loadByteX, 0)
	t.emit(store, headersProtocol)
	t.emit(loadMemory, headersWork)
	t.emit(store, headersAt)
}

// writeARP keeps 28 bytes of ARP for IPv4 on Ethernet, and nothing of other ARP.
func (t *tail) writeARP(at where) {
	t.setBase(at)
	t.counts(28)
	t.emit(store, headersWork)
	t.setBase(at)
	t.load(at, loadHalf, 4)
	t.when(ifEqual, 0x0604, next, t.stops)
	t.emit(loadMemory, headersWork)
	t.emit(returnA, 0)
}

// transport holds the labels for the header after the network header.
type transport struct {
	*tail
	// start: A is the protocol. eight: a header of eight bytes follows. extensions: A is the protocol, maybe of an
	// extension header of IPv6.
	start, eight, extensions label
}

func newTransport(t *tail) *transport {
	return &transport{tail: t, start: t.label(), eight: t.label(), extensions: t.label()}
}

func (t *transport) write() {
	t.place(t.extensions)
	t.writeExtensions(t)

	t.place(t.start)
	tcp := t.label()
	t.when(ifEqual, protocolTCP, tcp, next)
	t.when(ifEqual, protocolUDP, t.eight, t.stops)

	t.place(t.eight)
	t.emit(setXMemory, headersAt)
	t.counts(8)
	t.emit(returnA, 0)

	t.place(tcp)
	t.emit(setXMemory, headersAt)
	t.counts(20)
	t.emit(setXMemory, headersAt)
	t.emit(loadByteX, 12)
	t.emit(andNumber, 0xf0)
	t.emit(rightShift, 2)
	t.when(ifAtLeast, 20, next, t.stops)
	t.emit(addX, 0)
	t.within()
	t.emit(returnA, 0)
}
