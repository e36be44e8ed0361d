package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/settings"
)

// comparison is traffic that both captures see.
type comparison struct {
	name, iface string
	snaplen     int
	// prepare makes interfaces; eth0 and peereth0 are there.
	prepare func(t *testing.T)
	// address is one that is behind the interface.
	address string
	// send sends packets, about as many as are asked for; many by default.
	send func(t *testing.T, count int)
	// least is a length that some have at least.
	least int
	// unordered: more than one processor sends.
	unordered bool
}

var (
	eth0  = "10.0.0.9:9999"
	six   = "[fd00::9]:9999"
	lo    = "127.0.0.1:9999"
	over6 = "10.6.0.9:9999"
)

var comparisons = []comparison{
	{name: "Ethernet", iface: "eth0", address: eth0},
	{name: "Ethernet, cut", iface: "eth0", address: eth0, snaplen: 96},
	{name: "Ethernet, incoming", iface: "peereth0", address: eth0},
	{name: "Ethernet, fragments", iface: "eth0", address: eth0, send: fragments(eth0)},
	{name: "IPv6", iface: "eth0", address: six, prepare: version6},
	{name: "IPv6, cut", iface: "peereth0", address: six, prepare: version6, snaplen: 96},
	{name: "IPv6, fragments", iface: "peereth0", address: six, prepare: version6, send: fragments(six)},
	{name: "lo", iface: "lo", address: lo},
	{name: "lo, cut", iface: "lo", address: lo, snaplen: 96},
	{name: "lo, IPv6", iface: "lo", address: "[::1]:9999", prepare: loopback6},
	{name: "lo, fragments", iface: "lo", address: lo, prepare: narrow, send: fragments(lo)},
	{name: "segments", iface: "eth0", address: eth0, prepare: farEnd, send: segments("10.0.0.2:9999", 64<<10), least: 60_000, unordered: true},
	{name: "segments, cut", iface: "eth0", address: eth0, prepare: farEnd, send: segments("10.0.0.2:9999", 16<<10), snaplen: 96, least: 10_000, unordered: true},
	{name: "segments, IPv6", iface: "eth0", address: six, prepare: farEnd, send: segments("[fd00::2]:9999", 64<<10), least: 60_000, unordered: true},
	{name: "segments longer than 64 KiB", iface: "eth0", address: six, prepare: bigTCP, send: segments("[fd00::2]:9999", 190_000), least: 70_000, unordered: true},
	{name: "segments on lo", iface: "lo", address: lo, prepare: segmentsOnLo, send: segments("127.0.0.1:9998", 64<<10), least: 60_000, unordered: true},
	{name: "VLAN interface", iface: "eth0.5", address: "10.5.0.9:9999", prepare: vlan},
	{name: "below a VLAN interface", iface: "eth0", address: "10.5.0.9:9999", prepare: vlan},
	{name: "below a VLAN interface, incoming", iface: "peereth0", address: "10.5.0.9:9999", prepare: vlan},
	{name: "below a VLAN interface, cut", iface: "peereth0", address: "10.5.0.9:9999", prepare: vlan, snaplen: 60},
	{name: "a trunk", iface: "eth0", address: eth0, send: trunk},
	{name: "a trunk, incoming", iface: "peereth0", address: eth0, send: trunk},
	{name: "a trunk, incoming and cut", iface: "peereth0", address: eth0, send: trunk, snaplen: 96},
	{name: "tun", iface: "tun0", address: over6, prepare: tun(arphrdNone)},
	{name: "tun, cut", iface: "tun0", address: over6, prepare: tun(arphrdNone), snaplen: 96},
	{name: "tap", iface: "tun0", address: over6, prepare: tap},
	{name: "a tun that says it is SIT", iface: "tun0", address: over6, prepare: tun(arphrdSIT)},
	{name: "a tun that says it is a tunnel of IP", iface: "tun0", address: over6, prepare: tun(arphrdTunnel)},
	{name: "a tun that says it is GRE", iface: "tun0", address: over6, prepare: tun(arphrdIPGRE)},
	{name: "a tun that says it is GRE, cut", iface: "tun0", address: over6, prepare: tun(arphrdIPGRE), snaplen: 96},
	{name: "a tun that says it is PPP", iface: "tun0", address: over6, prepare: tun(arphrdPPP)},
	{name: "IPIP", iface: "tun0", address: over6, prepare: tunnel("ipip")},
	{name: "GRE", iface: "tun0", address: over6, prepare: tunnel("gre")},
	{name: "GRE, cut", iface: "tun0", address: over6, prepare: tunnel("gre"), snaplen: 96},
	{name: "SIT", iface: "tun0", address: over6, prepare: tunnel("sit")},
	{name: "WireGuard", iface: "wg0", address: over6, prepare: over("wg0", "ip link add wg0 type wireguard")},
	{name: "dummy", iface: "dummy0", address: over6, prepare: over("dummy0", "ip link add dummy0 type dummy")},
	{name: "macvlan", iface: "mac0", address: over6, prepare: over("mac0", "ip link add link eth0 name mac0 type macvlan")},
	{name: "a bridge", iface: "br0", address: over6, prepare: over("br0", "ip link add br0 type bridge; ip link set eth0 master br0")},
	{name: "VXLAN", iface: "vx0", address: over6, prepare: over("vx0", "ip link add vx0 type vxlan id 7 local 10.0.0.1 remote 10.0.0.9 dstport 4789")},
	{name: "below VXLAN", iface: "peereth0", address: over6, prepare: over("vx0", "ip link add vx0 type vxlan id 7 local 10.0.0.1 remote 10.0.0.9 dstport 4789")},
}

func trunk(t *testing.T, count int) { sendRaw(t, "eth0", count, tagged) }

func loopback6(t *testing.T) {
	nettest.Run(t, "sh", "-ec", "echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6")
}

// narrow gives lo the MTU of the usual kind.
func narrow(t *testing.T) {
	nettest.Run(t, "ip", "link", "set", "lo", "mtu", "1500")
}

// segmentsOnLo has lo hand over segments that are to be cut.
func segmentsOnLo(t *testing.T) {
	narrow(t)
	discard(t, "127.0.0.1:9998")
}

// bigTCP lets the kernel make segments of more than 64 KiB (Documentation/networking/net_device has no word for it;
// ip-link calls it gso_max_size).
func bigTCP(t *testing.T) {
	farEnd(t)
	runOrSkip(t, "ip link set eth0 gso_max_size 200000")
}

var (
	// Short, for packets that are cut.
	firstMark = []byte("%first%%")
	lastMark  = []byte("%%last%%")
)

// TestAsTcpdump captures the same packets as tcpdump does at the same time, packet for packet.
func TestAsTcpdump(t *testing.T) {
	for _, c := range comparisons {
		t.Run(c.name, func(t *testing.T) {
			atOnce(t)
			nettest.Enter(t)
			nettest.Pair(t, "eth0", 0)
			if c.prepare != nil {
				c.prepare(t)
			}
			got, want, link := c.run(t, []string{c.iface}, c.iface)
			if got.sources[0].Link != link {
				t.Errorf("link type %d, not %d", got.sources[0].Link, link)
			}
			packets := between(t, got.packets, firstMark, lastMark)
			want = between(t, want, firstMark, lastMark)
			if link == filter.Cooked {
				for _, p := range want {
					// libpcap leaves there what the kernel has left: bytes of other packets.
					clear(p.data[6+p.data[5] : 14])
				}
			}
			if c.unordered {
				packets = inOrderOf(t, packets, want)
			}
			compare(t, packets, want)
			if len(want) < c.count()*9/10 {
				t.Errorf("%d packets are no comparison, %d were asked for", len(want), c.count())
			}
			if longest := slices.MaxFunc(want, func(a, b captured) int { return a.original - b.original }); longest.original < c.least {
				t.Errorf("no packet has more than %d bytes", longest.original)
			}
		})
	}
}

// atOnce lets a test run next to others, since it mostly waits; not with many packets, of which none must be dropped.
func atOnce(t *testing.T) {
	if *packetCount < 10_000 {
		t.Parallel()
	}
}

// count of packets that are sent. A few large ones are as much as many others.
func (c comparison) count() int {
	if c.least > 0 && c.snaplen == 0 {
		return max(*packetCount/100, 100)
	}
	return *packetCount
}

// both is what the agent has captured.
type both struct {
	*collector
	sources []*Source
}

// run captures with both.
func (c comparison) run(t *testing.T, ifaces []string, judged string) (both, []captured, filter.LinkType) {
	t.Helper()
	buffer := int64(8 << 20)
	if *packetCount > 10_000 || c.least > 0 {
		buffer = 64 << 20
	}
	args := []string{"-B", fmt.Sprint(buffer >> 10)}
	options := Options{Buffer: buffer, Snaplen: c.snaplen}
	if c.snaplen > 0 {
		args = append(args, "-s", fmt.Sprint(c.snaplen))
	}
	judge := tcpdump(t, judged, args...)
	var sources []*Source
	for number, name := range ifaces {
		s := open(t, name, options)
		s.Number = uint32(number)
		if c.snaplen > 0 {
			program, err := filter.Build(nil, s.Link, settings.Snaplen{Bytes: c.snaplen}, nil)
			if err == nil {
				err = s.SetFilter(program)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		sources = append(sources, s)
	}
	collected := collect(sources)
	release := onOneProcessor(t)
	mark(t, c.address, firstMark)
	if c.send == nil {
		c.send = many(c.address)
	}
	c.send(t, c.count())
	mark(t, c.address, lastMark)
	// The kernel hands packets over when it has a quarter of a megabyte, and tcpdump waits for a second else.
	for !judge.has(lastMark) {
		udp(t, c.address, 400, func(int) int { return 1400 })
	}
	release()
	want, link := judge.stop()
	got := both{collected(), sources}
	for _, s := range sources {
		if stats, err := s.Stats(); err != nil || stats.Dropped != 0 {
			t.Errorf("%s: %+v, %v", s.Name, stats, err)
		}
	}
	return got, want, link
}

// TestAnyAsTcpdump captures all interfaces, as tcpdump -i any does, whose link header is one for all kinds.
func TestAnyAsTcpdump(t *testing.T) {
	atOnce(t)
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	tun(arphrdNone)(t)
	version6(t)
	ifaces := []string{"eth0", "lo", "peereth0", "tun0"}
	c := comparison{address: lo, send: func(t *testing.T, count int) {
		for range 8 {
			for _, address := range []string{eth0, lo, over6, six} {
				many(address)(t, count/32)
			}
			fragments(eth0)(t, count/32)
		}
	}}
	got, want, link := c.run(t, ifaces, "any")
	if link != linkLinuxCooked2 {
		t.Fatalf("tcpdump has link type %d", link)
	}
	names := map[int]string{}
	for _, name := range ifaces {
		i, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		names[i.Index] = name
	}
	for i, p := range got.packets {
		got.packets[i] = withoutLink(p, got.order[i], got.sources[got.numbers[i]].Link)
	}
	for i, p := range want {
		want[i] = withoutCooked2(p, names)
	}
	if len(want) < c.count() {
		t.Errorf("%d packets are no comparison", len(want))
	}
	compare(t, between(t, got.packets, firstMark, lastMark), between(t, want, firstMark, lastMark))
}

// linkLinuxCooked2 is the link type of tcpdump -i any (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html).
const linkLinuxCooked2 = 276

// withoutLink puts the interface's name and the protocol in the place of the link's header.
func withoutLink(p captured, name string, link filter.LinkType) captured {
	size := 0
	protocol := []byte{8, 0}
	if link == filter.Ethernet {
		size = 14
		protocol = p.data[12:14]
	}
	return captured{p.time, p.original - size, bytes.Join([][]byte{[]byte(name), protocol, p.data[size:]}, nil)}
}

// withoutCooked2 does the same with what tcpdump captured.
func withoutCooked2(p captured, names map[int]string) captured {
	name := names[int(binary.BigEndian.Uint32(p.data[4:]))]
	return captured{p.time, p.original - 20, bytes.Join([][]byte{[]byte(name), p.data[:2], p.data[20:]}, nil)}
}

// TestLinkTypesAsTcpdump asks libpcap for the link type of each hardware type that there is: a tun says that it is of
// that type.
func TestLinkTypesAsTcpdump(t *testing.T) {
	atOnce(t)
	hardware := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 18, 19, 23, 24, 32, 256, 257, 258, 259, 264, 270, 271, 280, 290, 512, 513, 516, 517, 518, 519,
		768, 769, 770, 771, 772, 773, 774, 775, 776, 777, 778, 779, 780, 781, 782, 783, 784, 785, 786, 787, 800, 801, 802, 803, 804, 805, 820,
		821, 822, 823, 824, 825, 826, 8445, 0xfffe, 0xffff}
	nettest.Enter(t)
	device := makeDevice(t, unix.IFF_TUN, arphrdNone)
	nettest.Run(t, "ip", "link", "set", "tun0", "up")
	for _, of := range hardware {
		nettest.Run(t, "ip", "link", "set", "tun0", "down")
		if err := unix.IoctlSetInt(int(device.Fd()), unix.TUNSETLINK, of); err != nil {
			t.Fatal(err)
		}
		nettest.Run(t, "ip", "link", "set", "tun0", "up")
		judge, err := startTcpdump(t, "tun0")
		if err != nil {
			// It knows no name for some of libpcap's own.
			if !strings.Contains(err.Error(), "unknown data link type") {
				t.Error(err)
			}
			continue
		}
		_, want := judge.stop()
		if got, _ := linkTypeOf(uint16(of), "tun0"); got != want {
			t.Errorf("hardware type %d has link type %d, not %d", of, got, want)
		}
	}
}
