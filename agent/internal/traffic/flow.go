// Package traffic makes the agent's own connections, and keeps them out of all captures.
//
// The agent uses the pod's network. What it sends (uploads, the push to a collector, its name lookups) would be
// captured, sent, captured again, and so on. So the Dialer of this package makes every connection of the agent: it
// binds the local port first, adds the exact flow to the filters of all captures, and connects only then. A flow names
// both ends, and no other program in the pod can have the local end while the agent holds it: no packet of the app is
// left out, for every net.ipv4.ip_local_port_range.
package traffic

import "net/netip"

// Flow is one conversation of the agent. Packets in both directions belong to it, and ICMP errors that quote them.
type Flow struct {
	// Protocol is IPPROTO_TCP or IPPROTO_UDP.
	Protocol uint8
	// Local is the agent's end: an address of the pod and the port that the agent holds.
	Local netip.AddrPort
	// Remote is the other end. The zero value stands for every other end: for a port of a loopback address on which the
	// agent listens.
	Remote netip.AddrPort
	// HopLimit, if it is not zero, is the time to live that marks the kernel's copies (the mirror). Local's port is
	// then ignored, and fragments with this time to live belong to the flow.
	HopLimit uint8
}
