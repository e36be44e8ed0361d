package mirror

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
)

// The interfaces that copies go through: from a mirrored interface to the entrance, out of its other end, and from
// there into the tunnel. On the way they lose their route: vxlan lowers the path MTU of a route that its packets do not
// fit through, and with IPv6 that would be the app's route. None has an address, and nothing that arrives on them gets
// into the pod.
const (
	tunnelName   = links.MirrorTunnel
	entranceName = links.MirrorEntrance
	behindName   = links.MirrorBehind
)

// hopLimit is the time to live of the packets that carry copies. It identifies their fragments, which have no ports;
// the app's packets have the system's 64, or a value that the app chooses.
const hopLimit = 253

// Ports: copies leave from one of these by a hash of the packet, so that those of a connection stay in order. Nothing
// answers there. The tunnel has to listen on a port too, and takes the last free one.
const (
	firstPort = 61000
	lastPort  = 61099
)

// target is where copies go.
type target struct {
	// source is the pod's address from which copies leave.
	source, collector netip.Addr
	port              uint16
	vni               uint32
}

// makeDevices makes the interfaces on the way to the target, or none of them if it fails.
func makeDevices(to target) error {
	err := errors.Join(makeTunnel(to), netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs(entranceName), PeerName: behindName}))
	if err == nil {
		err = connectDevices(to)
	}
	if err != nil {
		return errors.Join(err, removeDevices())
	}
	return nil
}

func attrs(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}

// makeTunnel makes the tunnel and sets it up: only then does the kernel report a port that is in use.
func makeTunnel(to target) error {
	tunnel := &netlink.Vxlan{
		LinkAttrs: attrs(tunnelName), VxlanId: int(to.vni), SrcAddr: to.source.AsSlice(), TTL: hopLimit,
		PortLow: firstPort, PortHigh: lastPort,
	}
	for port := lastPort; ; port-- {
		tunnel.Port = port
		if err := netlink.LinkAdd(tunnel); err != nil {
			return fmt.Errorf("cannot make the VXLAN device: %w", err)
		}
		keepSilent(tunnel)
		err := netlink.LinkSetUp(tunnel)
		if err == nil {
			return nil
		}
		if err := errors.Join(fmt.Errorf("cannot make the VXLAN device: %w", err), netlink.LinkDel(tunnel)); !errors.Is(err, unix.EADDRINUSE) || port == firstPort {
			return err
		}
	}
}

func connectDevices(to target) error {
	// If one end is missing, the other has no carrier, and nothing is mirrored to it.
	links, err := linksByName(tunnelName, entranceName, behindName)
	if err != nil {
		return err
	}
	tunnel, entrance := links[0].Attrs().Index, links[1].Attrs().Index
	drop := filter.Program{ret(uint32(netlink.TC_ACT_SHOT))}
	if err := attach(tunnel, ingress, verdict{program: drop}); err != nil {
		return fmt.Errorf("cannot block packets that arrive on the VXLAN device: %w", err)
	}
	if err := attach(entrance, ingress, verdict{program: filter.Program{ret(0xffffffff)}, action: redirect, to: tunnel}); err != nil {
		return fmt.Errorf("cannot redirect copies into the VXLAN device: %w", err)
	}
	if err := addCollector(tunnel, to); err != nil {
		return fmt.Errorf("cannot give the VXLAN device its collector: %w", err)
	}
	for _, link := range links {
		keepSilent(link)
		if err := errors.Join(netlink.LinkSetARPOff(link), netlink.LinkSetUp(link)); err != nil {
			return fmt.Errorf("cannot set %s up: %w", link.Attrs().Name, err)
		}
	}
	return nil
}

// keepSilent stops IPv6 from giving an interface an address and looking for routers there; it is called before the
// interface is up. It fails on a kernel without IPv6.
func keepSilent(link netlink.Link) {
	_ = netlink.LinkSetIP6AddrGenMode(link, nl.IN6_ADDR_GEN_MODE_NONE)
}

// addCollector sends frames for all Ethernet addresses to the collector. The netlink library cannot set a neighbour's
// port.
func addCollector(tunnel int, to target) error {
	request := nl.NewNetlinkRequest(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK)
	request.AddData(&netlink.Ndmsg{Family: unix.AF_BRIDGE, Index: uint32(tunnel), State: netlink.NUD_PERMANENT, Flags: netlink.NTF_SELF})
	request.AddData(nl.NewRtAttr(netlink.NDA_LLADDR, make(net.HardwareAddr, 6)))
	request.AddData(nl.NewRtAttr(netlink.NDA_DST, to.collector.AsSlice()))
	request.AddData(nl.NewRtAttr(netlink.NDA_PORT, binary.BigEndian.AppendUint16(nil, to.port)))
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func linksByName(names ...string) ([]netlink.Link, error) {
	links := make([]netlink.Link, len(names))
	for i, name := range names {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return nil, fmt.Errorf("cannot find %s: %w", name, err)
		}
		links[i] = link
	}
	return links, nil
}

// removeDevices removes them all; the entrance's other end goes with it. Without them no filter copies anything.
func removeDevices() error {
	var errs []error
	for _, name := range []string{entranceName, tunnelName} {
		link, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkDel(link)
		}
		if err != nil && !errors.As(err, new(netlink.LinkNotFoundError)) && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, fmt.Errorf("cannot remove %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// counts are the numbers of copies.
type counts struct {
	// dropped copies had no route, did not fit through one of IPv6, or came too fast for the queue between the
	// interfaces.
	packets, bytes, dropped uint64
}

func (c counts) plus(other counts) counts {
	return counts{c.packets + other.packets, c.bytes + other.bytes, c.dropped + other.dropped}
}

// readCounts returns the interfaces' counters since they were made; false if they do not exist.
func readCounts() (counts, bool) {
	links, err := linksByName(tunnelName, entranceName)
	if err != nil || links[0].Attrs().Statistics == nil || links[1].Attrs().Statistics == nil {
		return counts{}, false
	}
	tunnel, entrance := links[0].Attrs().Statistics, links[1].Attrs().Statistics
	return counts{tunnel.TxPackets, tunnel.TxBytes, tunnel.TxDropped + tunnel.TxErrors + entrance.RxDropped}, true
}

// ret is the instruction that returns a value.
func ret(value uint32) bpf.RawInstruction {
	return bpf.RawInstruction{Op: unix.BPF_RET | unix.BPF_K, K: value}
}
