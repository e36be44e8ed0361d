// Package traffic knows the agent's own connections, so that no capture holds them.
//
// The agent takes part in the pod's network. What it sends (uploads, the push to a collector, its name lookups) would be
// captured, sent, captured again, and so on. Every connection of the agent is therefore made by the Dialer of this package:
// it binds the local port first, hands the exact flow to all captures, and connects only then. A flow names both ends, and
// nobody else in the pod can have the local one while the agent holds it: no packet of the app's is ever left out,
// whatever net.ipv4.ip_local_port_range is.
package traffic

import "net/netip"

// Flow is one conversation of the agent's own. Packets in both directions belong to it, and ICMP errors that quote them.
type Flow struct {
	// Protocol is IPPROTO_TCP or IPPROTO_UDP.
	Protocol uint8
	// Local is the agent's end: an address of the pod and the port that the agent holds.
	Local netip.AddrPort
	// Remote is the other end. The zero value stands for anybody: for a port that the agent listens on at a loopback address.
	Remote netip.AddrPort
	// HopLimit, if it is not zero, is the time to live that marks the kernel's own copies (the mirror): Local's port is then
	// not looked at, and fragments with this time to live belong to the flow.
	HopLimit uint8
}
