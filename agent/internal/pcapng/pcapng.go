// Package pcapng writes the blocks of a capture file (draft-ietf-opsawg-pcapng), in this machine's byte order, and
// counts the packets of such a file.
package pcapng

import (
	"encoding/binary"
	"time"
	"unicode/utf8"

	"packet-capture/agent/internal/filter"
)

// Types of blocks.
const (
	blockSection        = 0x0a0d0d0a
	blockInterface      = 1
	blockStatistics     = 5
	blockEnhancedPacket = 6
)

const (
	byteOrderMagic = 0x1a2b3c4d
	// BlockOverhead is the number of bytes around the body of a block: type and length before it, the length again
	// after it.
	BlockOverhead = 12
	// PacketHeader is the number of bytes in an enhanced packet block before the packet.
	PacketHeader = 28
	// PacketOverhead is the number of bytes that an enhanced packet block adds to its packet, without the padding.
	PacketOverhead = PacketHeader + 4
)

// Codes of options.
const (
	optionEnd     = 0
	optionComment = 1

	sectionApplication = 4

	interfaceName        = 2
	interfaceDescription = 3
	interfaceResolution  = 9
	interfaceFilter      = 11

	statisticsStart     = 2
	statisticsEnd       = 3
	statisticsIfDropped = 5
	statisticsAccepted  = 6
	statisticsOSDropped = 7
)

// nanoseconds is an if_tsresol of 10^-9.
const nanoseconds = 9

// Section describes a section header, with which a file begins.
type Section struct {
	// Application that writes it.
	Application string
	// Comment is for people; the agent puts the settings there.
	Comment string
}

// Interface is where packets come from. Its number is its place among those of the section, from 0.
type Interface struct {
	Name        string
	Description string
	// Filter is the user's expression, or empty.
	Filter string
	Link   filter.LinkType
	// Snaplen is 0 for whole packets, and for packets that are cut after their headers.
	Snaplen uint32
}

// Statistics are the counters of an interface.
type Statistics struct {
	Start, End time.Time
	// Accepted packets passed the filter; Dropped ones are included.
	Accepted uint64
	// Dropped packets found no room in the kernel's buffer; DroppedBefore were dropped by the interface before the
	// kernel saw them.
	Dropped, DroppedBefore uint64
}

// StatisticsSize is the length of AppendStatistics' block in bytes.
const StatisticsSize = BlockOverhead + 12 + 5*12 + 4

// AppendSection appends a section header without the section's length, which is not known yet.
func AppendSection(to []byte, s Section) []byte {
	to, start := begin(to, blockSection)
	to = appendUint32(to, byteOrderMagic)
	to = binary.NativeEndian.AppendUint16(to, 1)
	to = binary.NativeEndian.AppendUint16(to, 0)
	to = binary.NativeEndian.AppendUint64(to, ^uint64(0))
	to = appendText(to, optionComment, s.Comment)
	to = appendText(to, sectionApplication, s.Application)
	return end(to, start)
}

// AppendInterface appends the description of an interface. Times of its packets are in nanoseconds.
func AppendInterface(to []byte, i Interface) []byte {
	to, start := begin(to, blockInterface)
	to = binary.NativeEndian.AppendUint16(to, uint16(i.Link))
	to = binary.NativeEndian.AppendUint16(to, 0)
	to = appendUint32(to, i.Snaplen)
	to = appendText(to, interfaceName, i.Name)
	to = appendText(to, interfaceDescription, i.Description)
	to = appendText(to, interfaceResolution, string([]byte{nanoseconds}))
	if i.Filter != "" {
		// The 0 says that it is an expression, not a program.
		to = appendText(to, interfaceFilter, "\x00"+i.Filter)
	}
	return end(to, start)
}

// AppendStatistics appends the counters of the interface with that number.
func AppendStatistics(to []byte, number uint32, s Statistics) []byte {
	to, start := begin(to, blockStatistics)
	to = appendUint32(to, number)
	to = appendTime(to, s.End)
	to = appendOption(to, statisticsStart, 8)
	to = appendTime(to, s.Start)
	to = appendOption(to, statisticsEnd, 8)
	to = appendTime(to, s.End)
	to = appendCount(to, statisticsIfDropped, s.DroppedBefore)
	to = appendCount(to, statisticsAccepted, s.Accepted)
	to = appendCount(to, statisticsOSDropped, s.Dropped)
	return end(to, start)
}

// begin appends the beginning of a block; end fills in its length.
func begin(to []byte, kind uint32) (appended []byte, start int) {
	start = len(to)
	to = appendUint32(to, kind)
	return appendUint32(to, 0), start
}

// end closes the options and the block that began at start.
func end(to []byte, start int) []byte {
	to = appendOption(to, optionEnd, 0)
	length := uint32(len(to) - start + 4)
	binary.NativeEndian.PutUint32(to[start+4:], length)
	return appendUint32(to, length)
}

func appendUint32(to []byte, value uint32) []byte {
	return binary.NativeEndian.AppendUint32(to, value)
}

func appendOption(to []byte, code, length uint16) []byte {
	to = binary.NativeEndian.AppendUint16(to, code)
	return binary.NativeEndian.AppendUint16(to, length)
}

// longestText is the longest text that fits into an option, in whole words of four bytes.
const longestText = 1<<16 - 4

// appendText appends an option unless its text is empty. A text that does not fit is cut between two characters.
func appendText(to []byte, code uint16, text string) []byte {
	if text == "" {
		return to
	}
	if len(text) > longestText {
		end := longestText
		for end > longestText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	to = appendOption(to, code, uint16(len(text)))
	to = append(to, text...)
	return append(to, "\x00\x00\x00"[:-len(text)&3]...)
}

func appendCount(to []byte, code uint16, count uint64) []byte {
	to = appendOption(to, code, 8)
	return binary.NativeEndian.AppendUint64(to, count)
}

// appendTime appends a time: the upper half comes first in every byte order.
func appendTime(to []byte, t time.Time) []byte {
	n := uint64(t.UnixNano())
	return appendUint32(appendUint32(to, uint32(n>>32)), uint32(n))
}
