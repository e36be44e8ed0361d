package capture

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
)

// inRing is a packet as the kernel has it.
type inRing struct {
	data         []byte
	original     int
	tagged       bool
	tpid, tci    uint16
	kind         uint8
	protocol     uint16
	sec, nsec    uint32
	hardwareType uint16
}

// fill lays packets out in a block as the kernel does (tpacket_rcv and prb_fill_curr_block in net/packet/af_packet.c),
// as many as there is room for, and gives how many that are.
func fill(b []byte, packets []inRing, linkHeader int) (count int) {
	const align = 16
	network := (68 + max(linkHeader, 16) + align - 1) &^ (align - 1)
	at, last := firstPacket, 0
	for _, p := range packets {
		mac := network - linkHeader
		length := (mac + len(p.data) + 7) &^ 7
		if at+length > len(b) {
			break
		}
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&b[at]))
		*h = unix.Tpacket3Hdr{Next_offset: uint32(length), Sec: p.sec, Nsec: p.nsec, Snaplen: uint32(len(p.data)), Len: uint32(p.original), Mac: uint16(mac), Net: uint16(network)}
		if p.tagged {
			h.Status |= unix.TP_STATUS_VLAN_VALID | unix.TP_STATUS_VLAN_TPID_VALID
			h.Hv1.Vlan_tci, h.Hv1.Vlan_tpid = uint32(p.tci), p.tpid
		}
		*(*unix.RawSockaddrLinklayer)(unsafe.Pointer(&b[at+sizeOfHeader])) = unix.RawSockaddrLinklayer{
			Family: unix.AF_PACKET, Protocol: p.protocol, Hatype: p.hardwareType, Pkttype: p.kind, Halen: 6, Addr: [8]byte{1, 2, 3, 4, 5, 6},
		}
		copy(b[at+mac:], p.data)
		last, at = at, at+length
		count++
	}
	head := (*block)(unsafe.Pointer(&b[0]))
	head.Num_pkts, head.Offset_to_first_pkt, head.Block_status = uint32(count), firstPacket, unix.TP_STATUS_USER
	if count > 0 {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&b[last]))
		// The kernel's last one has no next.
		h.Next_offset = 0
		head.Ts_last_pkt = unix.TpacketBDTS{Sec: h.Sec, Usec: h.Nsec}
	}
	return count
}

// asLibpcap is what pcap-linux.c makes of a packet, put together anew.
func (p inRing) asLibpcap(s *Socket) captured {
	data, original := bytes.Clone(p.data), p.original
	tag := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.tpid), p.tci)
	insert := func(at int, what []byte) {
		data = append(append(bytes.Clone(data[:at]), what...), data[at:]...)
		original += len(what)
	}
	switch {
	case s.Cooked:
		header := binary.BigEndian.AppendUint16(nil, uint16(p.kind))
		header = binary.BigEndian.AppendUint16(header, p.hardwareType)
		header = append(header, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0)
		// It is kept in the network's order already.
		header = binary.NativeEndian.AppendUint16(header, p.protocol)
		insert(0, header)
		if p.tagged && len(p.data) >= cookedProtocol {
			insert(cookedProtocol, tag)
		}
	case s.Link == filter.Ethernet && p.tagged && len(p.data) >= 12:
		insert(12, tag)
	}
	return captured{time: int64(p.sec)*1e9 + int64(p.nsec), original: original, data: data[:min(len(data), int(s.snaplen))]}
}

// Whatever lies in a block of the kernel's, what is made of it where it lies is what libpcap makes of copies.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("\x00\x20\x01\x00\x03\x0e\x40\x02\xff\xff"), uint8(0), uint32(0))
	f.Add([]byte("\x01\x0c\x01\x0d\x01\x0b\x00\x00\x01\xff"), uint8(1), uint32(96))
	f.Add([]byte("\x01\x0c\x01\x0d\x01\x0e\x04\x00\x01\xff"), uint8(2), uint32(20))
	f.Add([]byte("\x04\x0c\x05\x0d\x06\x0e\x04\x00\x01\xff"), uint8(3), uint32(13))
	f.Fuzz(func(t *testing.T, shape []byte, kind uint8, snaplen uint32) {
		s := &Socket{blocks: 2, snaplen: ^uint32(0)}
		linkHeader := 0
		switch kind % 4 {
		case 0:
			s.Link, linkHeader = filter.Ethernet, 14
		case 1:
			s.Link = filter.Raw
		case 2:
			s.Link, s.Cooked = filter.Cooked, true
		case 3:
			s.Link, s.loops, linkHeader = filter.Ethernet, true, 14
		}
		if snaplen > 0 {
			s.snaplen = snaplen
		}
		var packets []inRing
		for i := 0; len(shape) >= 2; i, shape = i+1, shape[2:] {
			length := int(shape[1]) * (1 + int(shape[0]>>4))
			p := inRing{
				data: bytes.Repeat([]byte{byte(i + 1)}, max(length, linkHeader)), original: length*2 + linkHeader, tagged: shape[0]&1 != 0, tpid: 0x88a8, tci: uint16(i),
				kind: shape[0] >> 1 & 7, protocol: uint16(i) << 3, sec: uint32(i), nsec: uint32(i * 7), hardwareType: 772,
			}
			for at := range p.data {
				p.data[at] += byte(at)
			}
			packets = append(packets, p)
		}
		// The kernel's rings begin at a page, of words.
		words := make([]uint64, 2*blockSize/8)
		s.ring = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 2*blockSize)
		packets = packets[:fill(s.ring[:blockSize], packets, linkHeader)]
		b, ok := s.Next(5)
		if !ok {
			t.Fatal("the block is not read")
		}
		var got collector
		got.Packets(&Source{Socket: s}, b.Packets, b.Count)
		at := 0
		for _, p := range packets {
			if s.loops && p.kind == unix.PACKET_OUTGOING {
				continue
			}
			if at == len(got.packets) {
				t.Fatalf("%d packets are too few", at)
			}
			want := p.asLibpcap(s)
			if g := got.packets[at]; g.time != want.time || g.original != want.original || !bytes.Equal(g.data, want.data) || got.numbers[at] != 5 {
				t.Fatalf("packet %d of %v:\n%+v, not\n%+v", at, s.Link, g, want)
			}
			at++
		}
		if at != len(got.packets) {
			t.Errorf("%d packets are too many", len(got.packets)-at)
		}
	})
}
