package capture

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/pcapng"
)

// The kernel puts more before each packet in the ring (its own header, the address, and room for a link header:
// TPACKET3_HDRLEN and 16 bytes, aligned; net/packet/af_packet.c) than pcapng does. So packets become blocks of a file
// in place: they are moved once, towards the beginning of the kernel's block, and never over data that is still to be
// read. The whole block is then written to the file in one piece.
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

// encode turns a block's packets into enhanced packet blocks. The kernel is the only writer of the ring, so its numbers
// are not checked.
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
	// The field holds nanoseconds, in spite of its name.
	last := int64(b.Ts_last_pkt.Sec)*1e9 + int64(b.Ts_last_pkt.Usec)
	return Block{unsafe.Slice((*byte)(unsafe.Add(base, firstPacket)), length), kept, last, number}
}

// packetType is a field of the address after the header: whether the packet came or left, and for whom.
func packetType(from unsafe.Pointer) uint8 {
	return (*unix.RawSockaddrLinklayer)(unsafe.Add(from, sizeOfHeader)).Pkttype
}

// packet writes an enhanced packet block at `to` for the kernel's packet at `from`, and returns where the next one
// goes.
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

// rebuild moves a packet and adds a cooked header, or the VLAN tag that the kernel keeps outside the packet. It returns
// how many bytes are kept, and how many were added.
func (s *Socket) rebuild(at, data, from unsafe.Pointer, captured uint32) (kept, added uint32) {
	h := (*unix.Tpacket3Hdr)(from)
	tagged := h.Status&unix.TP_STATUS_VLAN_VALID != 0 || h.Hv1.Vlan_tci != 0
	tpid := h.Hv1.Vlan_tpid
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID == 0 && tpid == 0 {
		tpid = defaultVLANTPID
	}
	tci := uint16(h.Hv1.Vlan_tci)
	// The offset of the tag, for the link types for which libpcap adds one.
	var place uint32
	switch {
	case s.Cooked:
		address := *(*unix.RawSockaddrLinklayer)(unsafe.Add(from, sizeOfHeader))
		added = cookedHeader
		place = cookedProtocol
		gap := uint32(0)
		if tagged && s.Link == filter.Cooked && captured >= cookedProtocol {
			gap = vlanTag
		}
		move(unsafe.Add(at, cookedHeader+gap), data, captured)
		putCookedHeader(at, &address)
		if gap > 0 {
			move(unsafe.Add(at, place+vlanTag), unsafe.Add(at, place), 2)
		}
		tagged = gap > 0
	case s.Link == filter.Ethernet && captured >= ethernetProtocol:
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

// putCookedHeader writes the cooked header: packet type, hardware type, sender's address and protocol
// (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html). The bytes after a short address are 0: the kernel leaves there what
// was in the ring before, for example bytes of another packet.
func putCookedHeader(at unsafe.Pointer, a *unix.RawSockaddrLinklayer) {
	putBigEndian(at, uint16(a.Pkttype))
	putBigEndian(unsafe.Add(at, 2), a.Hatype)
	putBigEndian(unsafe.Add(at, 4), uint16(a.Halen))
	var address [8]byte
	copy(address[:], a.Addr[:min(a.Halen, 8)])
	*(*[8]byte)(unsafe.Add(at, 6)) = address
	*(*uint16)(unsafe.Add(at, cookedProtocol)) = a.Protocol
}

func putBigEndian(at unsafe.Pointer, value uint16) {
	*(*[2]byte)(at) = [2]byte{byte(value >> 8), byte(value)}
}

// move is memmove: the two may overlap.
func move(to, from unsafe.Pointer, length uint32) {
	copy(unsafe.Slice((*byte)(to), length), unsafe.Slice((*byte)(from), length))
}
