// Package pcapng writes the blocks of a capture file (draft-ietf-opsawg-pcapng), in this machine's byte order, and counts
// the packets of such a file.
package pcapng

import (
	"encoding/binary"
	"time"
	"unicode/utf8"

	"packet-capture/agent/internal/filter"
)

// Link types as libpcap's registry numbers them; those that the agent has to know by name.
const (
	LinkEthernet    filter.LinkType = 1
	LinkRaw         filter.LinkType = 101
	LinkLinuxCooked filter.LinkType = 113
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
	// BlockOverhead is what every block has around its body: type and length before it, the length again behind it.
	BlockOverhead = 12
	// PacketHeader is what stands in an enhanced packet block before the packet.
	PacketHeader = 28
	// PacketOverhead is what an enhanced packet block adds to its packet, but for up to three bytes to a multiple of four.
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

// Section is what a file begins with.
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
	// Filter is the expression of the user, empty when there is none.
	Filter string
	Link   filter.LinkType
	// Snaplen is 0 when packets are whole, or cut at their headers.
	Snaplen uint32
}

// Statistics are what was counted of an interface.
type Statistics struct {
	Start, End time.Time
	// Accepted packets passed the filter; those that the kernel dropped for want of room are among them.
	Accepted uint64
	// Dropped for want of room in the kernel's buffer; DroppedBefore by the interface, before the kernel saw them.
	Dropped, DroppedBefore uint64
}

// StatisticsSize is how long the block of AppendStatistics is.
const StatisticsSize = BlockOverhead + 12 + 5*12 + 4

// AppendSection appends a section header. The section's length is not told: the file is written as it comes.
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

// AppendStatistics appends what was counted of the interface of that number.
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

// begin appends the beginning of a block whose length end puts in.
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

// longestText is what an option has room for, whole words of four bytes.
const longestText = 1<<16 - 4

// appendText appends an option unless its text is empty. What does not fit is cut, between two characters.
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

// appendTime appends a time as blocks have it: the upper half first, whatever the byte order.
func appendTime(to []byte, t time.Time) []byte {
	n := uint64(t.UnixNano())
	return appendUint32(appendUint32(to, uint32(n>>32)), uint32(n))
}
