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
