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

// The interfaces that copies go through: from a mirrored interface to the entrance, out of that interface's other end, and
// from there into the tunnel. Between them they lose the route that they had: vxlan lowers the path MTU of one that its
// packets do not fit through, and with IPv6 that is the route of the app. None has an address, and nothing that arrives on
// them gets into the pod.
const (
	tunnelName   = links.MirrorTunnel
	entranceName = links.MirrorEntrance
	behindName   = links.MirrorBehind
)

// hopLimit is the time to live of the packets that carry copies. Their fragments have no ports to tell them by, but this they
// have, and the app's have the system's 64 or one of the app's choice.
const hopLimit = 253

// Ports: copies leave from one of these, by a hash of the packet, so that a connection's stay in their order. Nobody answers
// there. The tunnel has to listen on a port, too, and takes the first from the end that is free.
const (
	firstPort = 61000
	lastPort  = 61099
)

// target is where copies go.
type target struct {
	// source is the address of the pod's that they leave from.
	source, collector netip.Addr
	port              uint16
	vni               uint32
}

// makeDevices makes the way to the target. On an error there is nothing of it.
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

// makeTunnel makes it and has it listen: a port that somebody has taken shows only then.
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
	// An end without the other has no carrier, and nothing is mirrored to it.
	links, err := linksByName(tunnelName, entranceName, behindName)
	if err != nil {
		return err
	}
	tunnel, entrance := links[0].Attrs().Index, links[1].Attrs().Index
	drop := filter.Program{ret(uint32(netlink.TC_ACT_SHOT))}
	if err := attach(tunnel, ingress, verdict{program: drop}); err != nil {
		return fmt.Errorf("cannot make the VXLAN device deaf: %w", err)
	}
	if err := attach(entrance, ingress, verdict{program: filter.Program{ret(0xffffffff)}, action: redirect, to: tunnel}); err != nil {
		return fmt.Errorf("cannot lead copies into the VXLAN device: %w", err)
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

// keepSilent comes before the interface is up: IPv6 would give it an address of its own, and ask for routers there. A kernel
// without IPv6 refuses to be told.
func keepSilent(link netlink.Link) {
	_ = netlink.LinkSetIP6AddrGenMode(link, nl.IN6_ADDR_GEN_MODE_NONE)
}

// addCollector: every Ethernet address is behind the collector's. The library knows no port of a neighbour.
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

// removeDevices leaves none of them; the entrance takes its other end along. Where they are gone, nothing is copied, whatever
// filters there are.
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

// counts are of copies.
type counts struct {
	// dropped found no way, did not fit through one of IPv6, or came too fast for the queue between the devices.
	packets, bytes, dropped uint64
}

func (c counts) plus(other counts) counts {
	return counts{c.packets + other.packets, c.bytes + other.bytes, c.dropped + other.dropped}
}

// readCounts: the devices' own, since they were made. False where they are not there.
func readCounts() (counts, bool) {
	links, err := linksByName(tunnelName, entranceName)
	if err != nil || links[0].Attrs().Statistics == nil || links[1].Attrs().Statistics == nil {
		return counts{}, false
	}
	tunnel, entrance := links[0].Attrs().Statistics, links[1].Attrs().Statistics
	return counts{tunnel.TxPackets, tunnel.TxBytes, tunnel.TxDropped + tunnel.TxErrors + entrance.RxDropped}, true
}

// ret is a program's last word.
func ret(value uint32) bpf.RawInstruction {
	return bpf.RawInstruction{Op: unix.BPF_RET | unix.BPF_K, K: value}
}
