// Package filter makes the classic BPF program of a socket out of the user's expression (pcap-filter(7)).
//
// The expression is compiled by the image's tcpdump in a process of its own, which has limits of time and memory. To its
// program this package adds what no expression can say: how many bytes of a packet are kept, where its headers end, and
// which flows are the agent's own.
package filter

import "golang.org/x/net/bpf"

// Program is what the kernel is given by SO_ATTACH_FILTER; at most 4096 instructions (BPF_MAXINSNS).
type Program []bpf.RawInstruction

// LinkType is a value of the pcap registry, as it stands in a pcapng interface description: 1 is Ethernet, 101 raw IP, 113
// Linux cooked capture.
type LinkType uint16

// The link types that programs are made for.
const (
	Ethernet LinkType = 1
	Raw      LinkType = 101
	// Cooked is a socket of type SOCK_DGRAM: the kernel gives packets from their network header on, and the capture makes
	// the 16 bytes of the header that stand in the file.
	Cooked LinkType = 113
	IPv4   LinkType = 228
	IPv6   LinkType = 229
)

// cookedHeader is the length of the header in front of a cooked packet in the file (SLL_HDR_LEN of libpcap).
const cookedHeader = 16

// networkOffset is where the network header begins in what the kernel's filter looks at.
func (l LinkType) networkOffset() uint32 {
	if l == Ethernet {
		return 14
	}
	return 0
}

// isKnown: a program can be made for it.
func (l LinkType) isKnown() bool {
	switch l {
	case Ethernet, Raw, Cooked, IPv4, IPv6:
		return true
	}
	return false
}

// name is what libpcap calls it.
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
	// longestExpression is what the user's own program may have, so that there is room for headers and own flows.
	longestExpression = 3072
	// wholePacket is more than any packet has.
	wholePacket = 262144
)
