package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// errNotOurs says that a file was not written by this package on a machine like this.
var errNotOurs = errors.New("not a pcapng file of this machine")

// Count gives the number of packets in a file of this package's, and the length of what is whole. A file that was open
// when its writer was killed may end anywhere.
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
		// Not by Discard: its count is an int, which is as long as a block may be on no machine but those of 64 bits.
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

// atEnd gives no error for the end of the file, wherever it is.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
