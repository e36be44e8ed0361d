package pcapng

import "encoding/binary"

// Packets are enhanced packet blocks, one behind the other, as capture makes them: whole, and in this machine's byte order.
type Packets []byte

// Time is that of the first packet, in nanoseconds since 1970. There has to be one.
func (p Packets) Time() int64 {
	return int64(uint64(binary.NativeEndian.Uint32(p[12:]))<<32 | uint64(binary.NativeEndian.Uint32(p[16:])))
}

// Size is that of the first packet's block.
func (p Packets) Size() int {
	return int(binary.NativeEndian.Uint32(p[4:]))
}

// Cut gives the length in bytes, and the number, of the packets from the first on that are before a time.
func (p Packets) Cut(before int64) (length, count int) {
	for length < len(p) && p[length:].Time() < before {
		length += p[length:].Size()
		count++
	}
	return length, count
}

// CutAt gives the length in bytes, and the number, of the packets from the first on that are within so many bytes and so
// many packets.
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

// SetInterface makes the packets those of the interface of another number.
func (p Packets) SetInterface(number uint32) {
	for at := 0; at < len(p); at += p[at:].Size() {
		binary.NativeEndian.PutUint32(p[at+8:], number)
	}
}
