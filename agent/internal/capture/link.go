// Package capture reads packets from the kernel's rings (AF_PACKET, TPACKET_V3), and makes pcapng of them where they lie.
//
// What a packet is made of is as libpcap gives it (pcap-linux.c): link types, VLAN tags that the kernel keeps beside the
// packet, the copies on lo. `tcpdump -w` next to it is the judge.
package capture

import (
	"strings"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/pcapng"
)

// Hardware types of interfaces (if_arp.h) that map to a link type of their own; map_arphrd_to_dlt in pcap-linux.c has
// them, and those that no Linux of today makes beside.
const (
	arphrdEther      = 1
	arphrdAX25       = 3
	arphrdIEEE802    = 6
	arphrdARCNet     = 7
	arphrdDLCI       = 15
	arphrdMetricom   = 23
	arphrdSLIP       = 256
	arphrdCSLIP      = 257
	arphrdSLIP6      = 258
	arphrdCSLIP6     = 259
	arphrdAdapt      = 264
	arphrdCAN        = 280
	arphrdCisco      = 513
	arphrdRawHDLC    = 518
	arphrdTunnel     = 768
	arphrdFRAD       = 770
	arphrdLoopback   = 772
	arphrdLocalTalk  = 773
	arphrdFDDI       = 774
	arphrdSIT        = 776
	arphrdIEEE80211  = 801
	arphrdPrism      = 802
	arphrdRadiotap   = 803
	arphrdIEEE802154 = 804
	arphrdNetlink    = 824
	arphrdVsockmon   = 826
	arphrdNone       = 0xfffe
)

// linkTypes has the values of the pcap registry (tcpdump.org/linktypes.html).
var linkTypes = map[uint16]filter.LinkType{
	arphrdEther:      pcapng.LinkEthernet,
	arphrdMetricom:   pcapng.LinkEthernet,
	arphrdLoopback:   pcapng.LinkEthernet,
	arphrdAX25:       202,
	arphrdIEEE802:    6,
	arphrdARCNet:     129,
	arphrdCAN:        227,
	arphrdCisco:      104,
	arphrdFRAD:       107,
	arphrdLocalTalk:  114,
	arphrdFDDI:       10,
	arphrdIEEE80211:  105,
	arphrdPrism:      119,
	arphrdRadiotap:   127,
	arphrdIEEE802154: 230,
	arphrdNetlink:    253,
	arphrdVsockmon:   271,
	arphrdTunnel:     pcapng.LinkRaw,
	arphrdSIT:        pcapng.LinkRaw,
	arphrdNone:       pcapng.LinkRaw,
	arphrdCSLIP:      pcapng.LinkRaw,
	arphrdSLIP6:      pcapng.LinkRaw,
	arphrdCSLIP6:     pcapng.LinkRaw,
	arphrdAdapt:      pcapng.LinkRaw,
	arphrdSLIP:       pcapng.LinkRaw,
	arphrdRawHDLC:    pcapng.LinkRaw,
	arphrdDLCI:       pcapng.LinkRaw,
}

// linkTypeOf says what packets of an interface begin with, and whether they are to be asked for without their link header
// ("cooked"): its place is taken by one that says what the kernel knows of the packet, the same for interfaces of any kind.
func linkTypeOf(hardware uint16, name string) (link filter.LinkType, cooked bool) {
	link, known := linkTypes[hardware]
	switch {
	case !known:
		return pcapng.LinkLinuxCooked, true
	case hardware == arphrdNetlink:
		return link, true
	case hardware == arphrdEther && strings.HasPrefix(name, "cdma_rmnet"):
		// Android's mobile phone networks say that they are Ethernet.
		return pcapng.LinkRaw, false
	}
	return link, false
}
