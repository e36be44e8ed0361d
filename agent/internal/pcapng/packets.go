package pcapng

import "encoding/binary"

// Packets are whole enhanced packet blocks, one after another, in this machine's byte order.
type Packets []byte

// Time is the time of the first packet, in nanoseconds since 1970. There must be a packet.
func (p Packets) Time() int64 {
	return int64(uint64(binary.NativeEndian.Uint32(p[12:]))<<32 | uint64(binary.NativeEndian.Uint32(p[16:])))
}

// Size is the length of the first packet's block in bytes.
func (p Packets) Size() int {
	return int(binary.NativeEndian.Uint32(p[4:]))
}

// Cut returns the length in bytes, and the number, of the leading packets that are before a time.
func (p Packets) Cut(before int64) (length, count int) {
	for length < len(p) && p[length:].Time() < before {
		length += p[length:].Size()
		count++
	}
	return length, count
}

// CutAt returns the length in bytes, and the number, of the leading packets that fit into that many bytes and packets.
func (p Packets) CutAt(bytes int64, packets int) (length, count int) {
	for length < len(p) && count < packets {
		size := p[length:].Size()
		if int64(length+size) > bytes {
			break
		}
		length += size
		count++
	}
	return length, count
}

// SetInterface sets the interface number of the packets.
func (p Packets) SetInterface(number uint32) {
	for at := 0; at < len(p); at += p[at:].Size() {
		binary.NativeEndian.PutUint32(p[at+8:], number)
	}
}
