package capture

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/pcapng"
)

// The kernel puts at least so much before each packet in the ring: its own header, the address, and room for a link header
// (TPACKET3_HDRLEN and 16 bytes, aligned; net/packet/af_packet.c). What pcapng wants there is shorter, so packets become
// blocks of a file where they lie: they are moved towards the beginning of the kernel's block, once, and never over
// something that is still to be read. All of a block is then written to the file in one piece.
const (
	sizeOfHeader     = 48
	sizeOfAddress    = 20
	vlanTag          = 4
	ethernetAddress  = 6
	cookedHeader     = 16
	enhancedPacket   = 6
	defaultVLANTPID  = 0x8100
	firstPacket      = 48
	cookedProtocol   = cookedHeader - 2
	ethernetProtocol = 2 * ethernetAddress
)

// encode makes enhanced packet blocks of a block's packets. The kernel is trusted to have filled it as it does: there is no
// other writer, and no check of its numbers here.
func (s *Socket) encode(b *block, number uint32) Block {
	count := int(atomic.LoadUint32(&b.Num_pkts))
	base := unsafe.Pointer(b)
	to := unsafe.Add(base, firstPacket)
	from := unsafe.Add(base, b.Offset_to_first_pkt)
	kept := count
	for range count {
		h := (*unix.Tpacket3Hdr)(from)
		next := unsafe.Add(from, h.Next_offset)
		if s.loops && packetType(from) == unix.PACKET_OUTGOING {
			kept--
		} else {
			to = s.packet(to, from, number)
		}
		from = next
	}
	length := int(uintptr(to) - uintptr(base) - firstPacket)
	// The field is of nanoseconds, whatever its name.
	last := int64(b.Ts_last_pkt.Sec)*1e9 + int64(b.Ts_last_pkt.Usec)
	return Block{unsafe.Slice((*byte)(unsafe.Add(base, firstPacket)), length), kept, last, number}
}

// packetType is of the address behind the header: whether it came or left, and whom it is for.
func packetType(from unsafe.Pointer) uint8 {
	return (*unix.RawSockaddrLinklayer)(unsafe.Add(from, sizeOfHeader)).Pkttype
}

// packet makes an enhanced packet block at `to` of the kernel's packet at `from`, and gives where the next one goes.
func (s *Socket) packet(to, from unsafe.Pointer, number uint32) unsafe.Pointer {
	h := (*unix.Tpacket3Hdr)(from)
	captured, original := h.Snaplen, h.Len
	time := uint64(h.Sec)*1e9 + uint64(h.Nsec)
	data := unsafe.Add(from, h.Mac)
	at := unsafe.Add(to, pcapng.PacketHeader)
	if h.Status&unix.TP_STATUS_VLAN_VALID == 0 && h.Hv1.Vlan_tci == 0 && !s.Cooked {
		captured = min(captured, s.snaplen)
		move(at, data, captured)
	} else {
		var added uint32
		captured, added = s.rebuild(at, data, from, captured)
		original += added
	}
	padded := (captured + 3) &^ 3
	size := padded + pcapng.PacketOverhead
	header := (*[7]uint32)(to)
	header[0] = enhancedPacket
	header[1] = size
	header[2] = number
	header[3] = uint32(time >> 32)
	header[4] = uint32(time)
	header[5] = captured
	header[6] = original
	end := unsafe.Add(at, padded)
	if padded != captured {
		clear(unsafe.Slice((*byte)(unsafe.Add(at, captured)), padded-captured))
	}
	*(*uint32)(end) = size
	return unsafe.Add(end, 4)
}

// rebuild moves a packet that gets a header of our own, or the VLAN tag back that the kernel keeps beside it. It gives how
// much is kept, and how much longer the packet has become.
func (s *Socket) rebuild(at, data, from unsafe.Pointer, captured uint32) (kept, added uint32) {
	h := (*unix.Tpacket3Hdr)(from)
	tagged := h.Status&unix.TP_STATUS_VLAN_VALID != 0 || h.Hv1.Vlan_tci != 0
	tpid := h.Hv1.Vlan_tpid
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID == 0 && tpid == 0 {
		tpid = defaultVLANTPID
	}
	tci := uint16(h.Hv1.Vlan_tci)
	// Where the tag goes; none where libpcap puts none.
	var place uint32
	switch {
	case s.Cooked:
		address := *(*unix.RawSockaddrLinklayer)(unsafe.Add(from, sizeOfHeader))
		added = cookedHeader
		place = cookedProtocol
		gap := uint32(0)
		if tagged && s.Link == pcapng.LinkLinuxCooked && captured >= cookedProtocol {
			gap = vlanTag
		}
		move(unsafe.Add(at, cookedHeader+gap), data, captured)
		putCookedHeader(at, &address)
		if gap > 0 {
			move(unsafe.Add(at, place+vlanTag), unsafe.Add(at, place), 2)
		}
		tagged = gap > 0
	case s.Link == pcapng.LinkEthernet && captured >= ethernetProtocol:
		place = ethernetProtocol
		move(at, data, ethernetProtocol)
		move(unsafe.Add(at, ethernetProtocol+vlanTag), unsafe.Add(data, ethernetProtocol), captured-ethernetProtocol)
	default:
		move(at, data, captured)
		return min(captured, s.snaplen), 0
	}
	if tagged {
		putBigEndian(unsafe.Add(at, place), tpid)
		putBigEndian(unsafe.Add(at, place+2), tci)
		added += vlanTag
	}
	return min(captured+added, s.snaplen), added
}

// putCookedHeader writes what stands for the link header: a packet type, the hardware type, the address it came from, and
// the protocol (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html).
func putCookedHeader(at unsafe.Pointer, a *unix.RawSockaddrLinklayer) {
	putBigEndian(at, uint16(a.Pkttype))
	putBigEndian(unsafe.Add(at, 2), a.Hatype)
	putBigEndian(unsafe.Add(at, 4), uint16(a.Halen))
	*(*[8]byte)(unsafe.Add(at, 6)) = a.Addr
	*(*uint16)(unsafe.Add(at, cookedProtocol)) = a.Protocol
}

func putBigEndian(at unsafe.Pointer, value uint16) {
	*(*[2]byte)(at) = [2]byte{byte(value >> 8), byte(value)}
}

// move is memmove: the two may overlap.
func move(to, from unsafe.Pointer, length uint32) {
	copy(unsafe.Slice((*byte)(to), length), unsafe.Slice((*byte)(from), length))
}
