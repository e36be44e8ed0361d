package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// errNotOurs: the file was not written by this package on a machine with this byte order.
var errNotOurs = errors.New("not a pcapng file of this machine")

// Count returns the number of packets in a file that this package has written, and the length of its whole blocks in
// bytes. A file whose writer was killed may end anywhere. On an error it returns the counts up to there.
func Count(r io.Reader) (packets, whole int64, err error) {
	in := bufio.NewReaderSize(r, 4096)
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return packets, whole, atEnd(err)
		}
		kind, length := binary.NativeEndian.Uint32(head[:]), int64(binary.NativeEndian.Uint32(head[4:]))
		if length < BlockOverhead || length%4 != 0 || (whole == 0) != (kind == blockSection) {
			return packets, whole, errNotOurs
		}
		// Not bufio.Reader.Discard: it takes an int, which may have 32 bits.
		if _, err := io.CopyN(io.Discard, in, length-8-4); err != nil {
			return packets, whole, atEnd(err)
		}
		var tail [4]byte
		if _, err := io.ReadFull(in, tail[:]); err != nil {
			return packets, whole, atEnd(err)
		}
		if int64(binary.NativeEndian.Uint32(tail[:])) != length {
			return packets, whole, errNotOurs
		}
		whole += length
		if kind == blockEnhancedPacket {
			packets++
		}
	}
}

// atEnd returns no error for the end of the file, also in the middle of a block.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
