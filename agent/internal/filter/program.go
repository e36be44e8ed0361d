// Package filter makes the classic BPF program of a socket from the user's expression (pcap-filter(7)).
//
// The image's tcpdump compiles the expression, in a process of its own with limits of time and memory. This package
// adds to the program what no expression can say: how many bytes of a packet are kept, where its headers end, and which
// flows are the agent's own.
package filter

import "golang.org/x/net/bpf"

// Program is a program for SO_ATTACH_FILTER; at most 4096 instructions (BPF_MAXINSNS).
type Program []bpf.RawInstruction

// LinkType is a value of the pcap registry (tcpdump.org/linktypes.html), as in a pcapng interface description.
type LinkType uint16

// The link types that programs are made for.
const (
	Ethernet LinkType = 1
	Raw      LinkType = 101
	// Cooked (Linux cooked capture) is for a socket of type SOCK_DGRAM: its packets begin with their network header,
	// and the capture adds the 16 bytes of the cooked header in the file.
	Cooked LinkType = 113
	IPv4   LinkType = 228
	IPv6   LinkType = 229
)

// cookedHeader is the length of the cooked header in bytes (SLL_HDR_LEN of libpcap).
const cookedHeader = 16

// networkOffset is the offset of the network header in what the kernel's filter sees.
func (l LinkType) networkOffset() uint32 {
	if l == Ethernet {
		return 14
	}
	return 0
}

// isKnown reports whether programs can be made for the link type.
func (l LinkType) isKnown() bool {
	switch l {
	case Ethernet, Raw, Cooked, IPv4, IPv6:
		return true
	}
	return false
}

// name is libpcap's name of the link type.
func (l LinkType) name() string {
	switch l {
	case Ethernet:
		return "EN10MB"
	case Cooked:
		return "LINUX_SLL"
	case IPv4:
		return "IPV4"
	case IPv6:
		return "IPV6"
	}
	return "RAW"
}

const (
	// longestProgram is BPF_MAXINSNS of the kernel.
	longestProgram = 4096
	// longestExpression is how many instructions the user's program may have, so that headers and own flows fit in too.
	longestExpression = 3072
	// wholePacket is more bytes than any packet has.
	wholePacket = 262144
)
