package filter

// The tail of `snaplen: headers` returns how long the headers of a packet are: link, network and transport. A header that is
// not whole or not valid is left out, and all that follows, so that never a byte is kept that may be payload:
//
//   - link: Ethernet with up to three VLAN tags in the packet; the tags that the kernel takes off stand in none of its bytes;
//   - ARP for IPv4 as a whole; of other link protocols nothing;
//   - IPv4 with its options; IPv6 with extension headers (hop-by-hop, routing, fragment, destination, AH), eight at most;
//   - TCP with its options; UDP; of ICMP eight bytes: what an ICMP error quotes is the app's packet;
//   - nothing behind the network header of a fragment but the first, or of another protocol.
//
// The bytes of a header count only within the length that the IP header tells; one of 0 (a packet that segmentation
// offload has made larger than the field can say) tells none.

const (
	protocolHopByHop       = 0
	protocolRouting        = 43
	protocolAuthentication = 51
	protocolDestination    = 60

	etherARP  = 0x0806
	etherRARP = 0x8035

	// mostTags is how many VLAN tags are followed, mostExtensions how many extension headers of IPv6.
	mostTags       = 3
	mostExtensions = 8
)

// Places in the scratch memory while the tail runs.
const (
	// headersBase is where the network header begins.
	headersBase = iota
	// headersEnd is where what counts of the packet ends.
	headersEnd
	// headersAt is where the next header begins: what is returned when it does not count.
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
	four, six, arp := t.label(), t.label(), t.label()
	t.emit(loadNumber, link.networkOffset())
	t.emit(store, headersBase)
	t.emit(store, headersAt)
	t.emit(loadLength, 0)
	t.emit(store, headersEnd)
	switch link {
	case Ethernet:
		t.writeEthernet(four, six, arp)
	case Cooked:
		t.emit(loadWord, specialProtocol)
		t.whenEthertype(four, six, arp, t.stops)
	default:
		t.when(ifAtLeast, 1, next, t.stops)
		t.emit(loadByte, 0)
		t.emit(andNumber, 0xf0)
		t.when(ifEqual, 0x40, four, next)
		t.when(ifEqual, 0x60, six, t.stops)
	}
	transport := newTransport(t)
	t.place(four)
	t.writeFour(transport)
	t.place(six)
	t.writeSix(transport)
	t.place(arp)
	t.writeARP()
	transport.write()

	t.place(t.stops)
	t.emit(loadMemory, headersAt)
	some := t.label()
	// 0 would leave the packet out.
	t.when(ifEqual, 0, next, some)
	t.emit(loadNumber, 1)
	t.place(some)
	t.emit(returnA, 0)
}

// whenEthertype goes on by what A is.
func (t *tail) whenEthertype(four, six, arp, otherwise label) {
	t.when(ifEqual, etherIPv4, four, next)
	t.when(ifEqual, etherIPv6, six, next)
	t.when(ifEqual, etherARP, arp, next)
	t.when(ifEqual, etherRARP, arp, otherwise)
}

func (t *tail) writeEthernet(four, six, arp label) {
	t.when(ifAtLeast, 14, next, t.stops)
	t.emit(loadHalf, 12)
	for depth := uint32(1); depth <= mostTags; depth++ {
		tag, other := t.label(), t.label()
		t.whenTag(tag, other)
		t.place(other)
		t.whenEthertype(four, six, arp, t.stops)
		t.place(tag)
		t.emit(loadLength, 0)
		t.when(ifAtLeast, 14+4*depth, next, t.stops)
		t.emit(loadNumber, 14+4*depth)
		t.emit(store, headersBase)
		t.emit(store, headersAt)
		t.emit(loadHalf, 12+4*depth)
	}
	t.whenEthertype(four, six, arp, t.stops)
}

// counts stops unless so many bytes from X on are within the end.
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

// limit lowers the end to A bytes behind the base.
func (t *tail) limit() {
	keeps := t.label()
	t.emit(setXMemory, headersBase)
	t.emit(addX, 0)
	t.emit(setXMemory, headersEnd)
	t.when(ifAtLeastX, 0, keeps, next)
	t.emit(store, headersEnd)
	t.place(keeps)
}

// writeFour: with X the base of an IPv4 header.
func (t *tail) writeFour(to *transport) {
	unlimited := t.label()
	t.emit(setXMemory, headersBase)
	t.counts(20)
	t.emit(setXMemory, headersBase)
	t.emit(loadByteX, 0)
	t.emit(andNumber, 0xf0)
	t.when(ifEqual, 0x40, next, t.stops)
	t.emit(loadHalfX, 2)
	t.when(ifEqual, 0, unlimited, next)
	t.limit()
	t.place(unlimited)
	t.emit(setXMemory, headersBase)
	t.emit(loadByteX, 0)
	t.emit(andNumber, 0x0f)
	t.emit(leftShift, 2)
	t.when(ifAtLeast, 20, next, t.stops)
	t.emit(addX, 0)
	t.within()
	t.emit(store, headersAt)
	t.emit(setXMemory, headersBase)
	t.emit(loadHalfX, 6)
	t.when(ifAnyBit, 0x1fff, t.stops, next)
	t.emit(loadByteX, 9)
	t.when(ifEqual, protocolICMP, to.eight, next)
	t.jump(to.start)
}

// writeSix follows an IPv6 header and its extension headers.
func (t *tail) writeSix(to *transport) {
	unlimited := t.label()
	t.emit(setXMemory, headersBase)
	t.counts(40)
	t.emit(setXMemory, headersBase)
	t.emit(loadByteX, 0)
	t.emit(andNumber, 0xf0)
	t.when(ifEqual, 0x60, next, t.stops)
	t.emit(loadHalfX, 4)
	t.when(ifEqual, 0, unlimited, next)
	t.emit(addNumber, 40)
	t.limit()
	t.place(unlimited)
	t.emit(setXMemory, headersBase)
	t.emit(loadByteX, 6)
	t.emit(store, headersProtocol)
	t.emit(moveToA, 0)
	t.emit(addNumber, 40)
	t.emit(store, headersAt)
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

// writeExtension passes over one extension header, if there is one: with A where it begins, its protocol in the memory, and
// both of the next header behind it. Any other protocol goes to done with the protocol in A, and a fragment but the first to
// last with X where its header begins. All of these headers, and those of transport, have at least eight bytes.
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

// writeARP: 28 bytes for IPv4 on Ethernet, else nothing.
func (t *tail) writeARP() {
	t.emit(setXMemory, headersBase)
	t.counts(28)
	t.emit(store, headersWork)
	t.emit(setXMemory, headersBase)
	t.emit(loadHalfX, 4)
	t.when(ifEqual, 0x0604, next, t.stops)
	t.emit(loadMemory, headersWork)
	t.emit(returnA, 0)
}

// transport is what comes behind the network header.
type transport struct {
	*tail
	// start: A is the protocol. eight: a header of eight bytes follows.
	start, eight label
}

func newTransport(t *tail) *transport {
	return &transport{tail: t, start: t.label(), eight: t.label()}
}

func (t *transport) write() {
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
