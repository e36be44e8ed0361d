package upload

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
)

// Blocks of pcapng that hold a packet.
const (
	simplePacket   = 3
	enhancedPacket = 6
)

// countPackets counts the whole packets in a capture file of the agent's, which may end in the middle of one.
func countPackets(path string) (packets uint64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	reader := bufio.NewReaderSize(file, 64<<10)
	var head [8]byte
	for {
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return packets, nil
		}
		kind, length := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
		if length < 12 || length%4 != 0 {
			return packets, nil
		}
		if _, err := io.CopyN(io.Discard, reader, int64(length)-8); err != nil {
			return packets, nil
		}
		if kind == simplePacket || kind == enhancedPacket {
			packets++
		}
	}
}
