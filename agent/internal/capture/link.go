// Package capture reads packets from the kernel's rings (AF_PACKET, TPACKET_V3), and turns them into pcapng blocks in
// place.
//
// Packets have the form that libpcap gives them (pcap-linux.c): link types, VLAN tags that the kernel keeps outside the
// packet, the copies on lo. The tests compare with `tcpdump -w`.
package capture

import (
	"strings"

	"packet-capture/agent/internal/filter"
)

// Hardware types of interfaces (if_arp.h) that map to a link type of their own, from map_arphrd_to_dlt in pcap-linux.c.
// A test asks tcpdump for each; types that tcpdump has no name for are left out (3 Mbit/s Ethernet, for example).
const (
	arphrdEther      = 1
	arphrdAX25       = 3
	arphrdIEEE802    = 6
	arphrdARCNet     = 7
	arphrdDLCI       = 15
	arphrdIPOverFC   = 18
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
	arphrdIRDA       = 783
	arphrdFCPP       = 784
	arphrdFCAL       = 785
	arphrdFCPL       = 786
	arphrdFCFabric   = 787
	arphrdTokenRing  = 800
	arphrdIEEE80211  = 801
	arphrdPrism      = 802
	arphrdRadiotap   = 803
	arphrdIEEE802154 = 804
	arphrdNetlink    = 824
	arphrdVsockmon   = 826
	arphrdLAPD       = 8445
	arphrdNone       = 0xfffe
)

const linkFibreChannel = 224

// linkTypes has the values of the pcap registry (tcpdump.org/linktypes.html).
var linkTypes = map[uint16]filter.LinkType{
	arphrdEther:      filter.Ethernet,
	arphrdMetricom:   filter.Ethernet,
	arphrdLoopback:   filter.Ethernet,
	arphrdAX25:       202,
	arphrdIEEE802:    6,
	arphrdTokenRing:  6,
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
	arphrdIPOverFC:   122,
	arphrdFCPP:       linkFibreChannel,
	arphrdFCAL:       linkFibreChannel,
	arphrdFCPL:       linkFibreChannel,
	arphrdFCFabric:   linkFibreChannel,
	arphrdIRDA:       144,
	arphrdLAPD:       177,
	arphrdTunnel:     filter.Raw,
	arphrdSIT:        filter.Raw,
	arphrdNone:       filter.Raw,
	arphrdCSLIP:      filter.Raw,
	arphrdSLIP6:      filter.Raw,
	arphrdCSLIP6:     filter.Raw,
	arphrdAdapt:      filter.Raw,
	arphrdSLIP:       filter.Raw,
	arphrdRawHDLC:    filter.Raw,
	arphrdDLCI:       filter.Raw,
}

// linkTypeOf is the link type of an interface, and whether its packets are read without their link header ("cooked"): a
// header with what the kernel knows of the packet, the same for all kinds of interfaces, replaces it.
func linkTypeOf(hardware uint16, name string) (link filter.LinkType, cooked bool) {
	link, known := linkTypes[hardware]
	switch {
	case !known:
		return filter.Cooked, true
	case hardware == arphrdNetlink || hardware == arphrdIRDA || hardware == arphrdLAPD:
		return link, true
	case hardware == arphrdEther && strings.HasPrefix(name, "cdma_rmnet"):
		// Android's mobile network interfaces claim to be Ethernet.
		return filter.Raw, false
	}
	return link, false
}
