package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Summary is what the packets and the statistics of a file say.
type Summary struct {
	Packets int64
	// Dropped counts packets for which the kernel's buffer had no room, by the file's statistics.
	Dropped int64
	// First and Last are the earliest and the latest time of a packet, in nanoseconds since 1970; 0 without packets.
	First, Last int64
}

// Summarize reads a file that this package has written. Its writer may have been killed: the file may end anywhere. On
// an error it returns the summary up to there.
func Summarize(r io.Reader) (Summary, error) {
	var s Summary
	in := bufio.NewReaderSize(r, 1<<15)
	for at := int64(0); ; {
		var head [packetHead]byte
		if _, err := io.ReadFull(in, head[:8]); err != nil {
			return s, atEnd(err)
		}
		kind, length := binary.NativeEndian.Uint32(head[:]), int64(binary.NativeEndian.Uint32(head[4:]))
		if length < BlockOverhead || length%4 != 0 || (at == 0) != (kind == blockSection) {
			return s, errNotOurs
		}
		read := int64(8)
		var one Summary
		switch {
		case kind == blockEnhancedPacket && length >= packetHead+4:
			if _, err := io.ReadFull(in, head[8:]); err != nil {
				return s, atEnd(err)
			}
			read = packetHead
			t := Packets(head[:]).Time()
			one = Summary{Packets: 1, First: t, Last: t}
		case kind == blockStatistics && length == StatisticsSize:
			block := make([]byte, StatisticsSize)
			if _, err := io.ReadFull(in, block[8:]); err != nil {
				return s, atEnd(err)
			}
			read, one.Dropped = length, droppedOf(block)
		}
		if _, err := io.CopyN(io.Discard, in, length-read); err != nil {
			return s, atEnd(err)
		}
		s = s.plus(one)
		at += length
	}
}

// packetHead is the length of an enhanced packet block up to its time, in bytes.
const packetHead = 20

// droppedOf reads the last counter of AppendStatistics' block: the option before the end of the options.
func droppedOf(block []byte) int64 {
	return int64(binary.NativeEndian.Uint64(block[StatisticsSize-4-4-8:]))
}

func (s Summary) plus(o Summary) Summary {
	if s.Packets == 0 || o.Packets > 0 && o.First < s.First {
		s.First = o.First
	}
	if s.Packets == 0 || o.Packets > 0 && o.Last > s.Last {
		s.Last = o.Last
	}
	s.Packets += o.Packets
	s.Dropped += o.Dropped
	return s
}

// Span returns the times of the first and of the last packet of a file that this package has written, in nanoseconds
// since 1970. It reads only the beginning and the end, unless the file ends in the middle of a block. ok is false for a
// file without packets, or one that cannot be read.
func Span(r io.ReaderAt, size int64) (first, last int64, ok bool) {
	first, ok = firstTime(r, size)
	if !ok {
		return 0, 0, false
	}
	if last, ok = lastTime(r, size); ok {
		return first, last, true
	}
	s, _ := Summarize(io.NewSectionReader(r, 0, size))
	return s.First, s.Last, s.Packets > 0
}

func firstTime(r io.ReaderAt, size int64) (int64, bool) {
	for at := int64(0); ; {
		kind, length, err := blockAt(r, at, size)
		switch {
		case err != nil:
			return 0, false
		case kind == blockEnhancedPacket:
			return timeAt(r, at)
		}
		at += length
	}
}

// lastTime goes backwards over the statistics at the end.
func lastTime(r io.ReaderAt, size int64) (int64, bool) {
	for end := size; end > 0; {
		var tail [4]byte
		if end < BlockOverhead {
			return 0, false
		}
		if _, err := r.ReadAt(tail[:], end-4); err != nil {
			return 0, false
		}
		length := int64(binary.NativeEndian.Uint32(tail[:]))
		kind, same, err := blockAt(r, end-length, end)
		switch {
		case err != nil || same != length:
			return 0, false
		case kind == blockEnhancedPacket:
			return timeAt(r, end-length)
		case kind != blockStatistics && kind != blockInterface:
			// The bytes of a packet that look like the end of a block.
			return 0, false
		}
		end -= length
	}
	return 0, false
}

func timeAt(r io.ReaderAt, at int64) (int64, bool) {
	var head [packetHead]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return 0, false
	}
	return Packets(head[:]).Time(), true
}

// blockAt reads the beginning of a block that ends at end or before.
func blockAt(r io.ReaderAt, at, end int64) (kind uint32, length int64, err error) {
	var head [8]byte
	if at < 0 || at+BlockOverhead > end {
		return 0, 0, errNotOurs
	}
	if _, err := r.ReadAt(head[:], at); err != nil {
		return 0, 0, err
	}
	kind, length = binary.NativeEndian.Uint32(head[:]), int64(binary.NativeEndian.Uint32(head[4:]))
	if length < BlockOverhead || length%4 != 0 || at+length > end {
		return 0, 0, errors.Join(errNotOurs, io.ErrUnexpectedEOF)
	}
	return kind, length, nil
}
