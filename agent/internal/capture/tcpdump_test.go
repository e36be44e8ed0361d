package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/pcapng"
)

// captured is a packet as a capture has it.
type captured struct {
	time     int64
	original int
	data     []byte
}

// collector is a sink that keeps all packets.
type collector struct {
	packets []captured
	numbers []uint32
	order   []string
}

func (c *collector) Packets(from *Source, packets pcapng.Packets, count int) {
	for at := 0; at < len(packets); at += packets[at:].Size() {
		p := packets[at:]
		length := binary.NativeEndian.Uint32(p[20:])
		c.packets = append(c.packets, captured{p.Time(), int(binary.NativeEndian.Uint32(p[24:])), bytes.Clone(p[28 : 28+length])})
		c.numbers = append(c.numbers, binary.NativeEndian.Uint32(p[8:]))
		c.order = append(c.order, from.Name)
		if tail := binary.NativeEndian.Uint32(p[p.Size()-4:]); int(tail) != p.Size() {
			panic("the two lengths of a block differ")
		}
		count--
	}
	if count != 0 {
		panic("the count is not that of the packets")
	}
}

func (c *collector) Flush() {}

// open gives a source on an interface of the test's namespace.
func open(t *testing.T, name string, o Options) *Source {
	t.Helper()
	all, err := links.List()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
	if at < 0 {
		t.Fatalf("there is no %s", name)
	}
	if o.Buffer == 0 {
		o.Buffer = 4 << 20
	}
	s, err := Open(NewInterface(name, all[at].Index, all[at].Hardware), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &Source{Socket: s}
}

// drain takes all that the kernel has, and what it hands over within a moment.
func drain(sources []*Source, sink Sink) {
	m := Merger{Sources: sources, Sink: sink}
	for end := time.Now().Add(4 * Retire); time.Now().Before(end); time.Sleep(Retire / 5) {
		m.Advance(time.Now().UnixNano())
	}
}

// tcpdump captures on an interface until the function that it returns is called, which gives its packets and link type.
func tcpdump(t *testing.T, name string, args ...string) func() ([]captured, filter.LinkType) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tcpdump.pcap")
	args = append([]string{"-i", name, "-w", path, "--time-stamp-precision=nano", "-B", "8192", "-Z", "root"}, args...)
	command := exec.Command("tcpdump", args...)
	said, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Skipf("needs tcpdump: %v", err)
	}
	buffer := make([]byte, 1000)
	for text := ""; !strings.Contains(text, "listening on"); {
		n, err := said.Read(buffer)
		if err != nil {
			t.Fatalf("tcpdump: %s", text)
		}
		text += string(buffer[:n])
	}
	return func() ([]captured, filter.LinkType) {
		// Its timeout is a second.
		time.Sleep(1200 * time.Millisecond)
		_ = command.Process.Signal(syscall.SIGINT)
		_ = command.Wait()
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var packets []captured
		for rest := file[24:]; len(rest) > 0; {
			word := func(i int) int { return int(binary.LittleEndian.Uint32(rest[4*i:])) }
			length := word(2)
			packets = append(packets, captured{int64(word(0))*1e9 + int64(word(1)), word(3), rest[16 : 16+length]})
			rest = rest[16+length:]
		}
		return packets, filter.LinkType(binary.LittleEndian.Uint32(file[20:]))
	}
}

// sendRaw sends frames as they are out of an interface.
func sendRaw(t *testing.T, name string, frames ...[]byte) {
	t.Helper()
	n, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, frame := range frames {
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: n.Index}); err != nil {
			t.Fatal(err)
		}
	}
}

// sendUDP sends packets of many sizes by the kernel's own way.
func sendUDP(t *testing.T, address string, count int) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range count {
		payload := bytes.Repeat([]byte{byte(i)}, 4+i%1400)
		binary.BigEndian.PutUint32(payload, uint32(i))
		// Nobody listens: the kernel tells so with the packet after.
		_, _ = conn.Write(payload)
	}
}

const count = 3000

// TestAsTcpdump captures the same packets as tcpdump does at the same time, packet for packet.
func TestAsTcpdump(t *testing.T) {
	frame := func(head string, size int) []byte {
		return append([]byte(head), bytes.Repeat([]byte{0xab}, size)...)
	}
	to9 := "\x02\x00\x00\x00\x00\x09\x02\x00\x00\x00\x00\x01"
	tests := []struct {
		name, iface string
		snaplen     int
		prepare     func(t *testing.T)
		send        func(t *testing.T)
	}{
		{"Ethernet", "eth0", 0, nil, func(t *testing.T) { sendUDP(t, "10.0.0.9:9999", count) }},
		{"Ethernet, cut", "eth0", 96, nil, func(t *testing.T) { sendUDP(t, "10.0.0.9:9999", count) }},
		{"incoming", "peereth0", 0, nil, func(t *testing.T) { sendUDP(t, "10.0.0.9:9999", count) }},
		{"lo", "lo", 0, nil, func(t *testing.T) { sendUDP(t, "127.0.0.1:9999", count) }},
		{"VLAN interface", "eth0.5", 0, vlan, func(t *testing.T) { sendUDP(t, "10.5.0.9:9999", count) }},
		{"below a VLAN interface", "eth0", 0, vlan, func(t *testing.T) { sendUDP(t, "10.5.0.9:9999", count) }},
		{"below a VLAN interface, incoming", "peereth0", 0, vlan, func(t *testing.T) { sendUDP(t, "10.5.0.9:9999", count) }},
		{"below a VLAN interface, cut", "peereth0", 60, vlan, func(t *testing.T) { sendUDP(t, "10.5.0.9:9999", count) }},
		{"frames with tags", "peereth0", 0, nil, func(t *testing.T) {
			sendRaw(t, "eth0",
				frame(to9+"\x81\x00\x00\x05\x08\x00\x45", 60), frame(to9+"\x88\xa8\x20\x07\x81\x00\x00\x05\x08\x00", 60),
				frame(to9+"\x81\x00\x00\x00\x08\x00", 60), frame(to9+"\x81\x00", 0), frame(to9, 2), frame(to9+"\x86\xdd", 1500))
		}},
		{"tun", "tun0", 0, tun(arphrdNone), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", 400) }},
		{"a tun that says it is SIT", "tun0", 0, tun(arphrdSIT), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", 400) }},
		{"a tun that says it is GRE", "tun0", 0, tun(arphrdIPGRE), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", 400) }},
		{"a tun that says it is GRE, cut", "tun0", 64, tun(arphrdIPGRE), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", 400) }},
		{"a tun that says it is PPP", "tun0", 0, tun(arphrdPPP), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", 400) }},
		{"IPIP", "tun0", 0, tunnel("ipip"), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", count) }},
		{"GRE", "tun0", 0, tunnel("gre"), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", count) }},
		{"GRE, cut", "tun0", 64, tunnel("gre"), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", count) }},
		{"SIT", "tun0", 0, tunnel("sit"), func(t *testing.T) { sendUDP(t, "10.6.0.9:9999", count) }},
		{"dummy", "dummy0", 0, func(t *testing.T) {
			runOrSkip(t, "ip link add dummy0 type dummy; ip link set dummy0 up; ip address add 10.7.0.1/24 dev dummy0")
		}, func(t *testing.T) { sendUDP(t, "10.7.0.9:9999", count) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			nettest.Enter(t)
			nettest.Pair(t, "eth0", 0)
			if test.prepare != nil {
				test.prepare(t)
			}
			args := []string{}
			if test.snaplen > 0 {
				args = append(args, "-s", fmt.Sprint(test.snaplen))
			}
			stop := tcpdump(t, test.iface, args...)
			options := Options{Buffer: 8 << 20, Snaplen: test.snaplen}
			if test.snaplen > 0 {
				options.Program = filter.Program{{Op: 6, K: uint32(test.snaplen)}}
			}
			source := open(t, test.iface, options)
			test.send(t)
			want, link := stop()
			var got collector
			drain([]*Source{source}, &got)
			if source.Link != link {
				t.Errorf("link type %d, not %d", source.Link, link)
			}
			compare(t, got.packets, want)
			stats, err := source.Stats()
			if err != nil || stats.Dropped != 0 || stats.Received < uint64(len(want)) {
				t.Errorf("%+v, %v", stats, err)
			}
		})
	}
}

func vlan(t *testing.T) {
	runOrSkip(t, `ip link add link eth0 name eth0.5 type vlan id 5; ip link set eth0.5 up
		ip address add 10.5.0.1/24 dev eth0.5; ip neighbour add 10.5.0.9 lladdr 02:00:00:00:00:09 dev eth0.5 nud permanent`)
}

// runOrSkip is for kinds of interfaces that not every kernel has.
func runOrSkip(t *testing.T, command string) {
	t.Helper()
	out, err := exec.Command("sh", "-ec", command).CombinedOutput()
	if strings.Contains(string(out), "Unknown device type") || strings.Contains(string(out), "not supported") {
		t.Skipf("%s: %s", command, out)
	}
	if err != nil {
		t.Fatalf("%s: %s", command, out)
	}
}

// tunnel makes tun0 of a kind, over eth0.
func tunnel(kind string) func(t *testing.T) {
	return func(t *testing.T) {
		runOrSkip(t, "ip link add tun0 type "+kind+" local 10.0.0.1 remote 10.0.0.9; ip link set tun0 up; ip address add 10.6.0.1/24 dev tun0")
	}
}

// Hardware types that have no link type of their own.
const (
	arphrdPPP   = 512
	arphrdIPGRE = 778
)

// tun makes tun0, which says that it is of some hardware type.
func tun(hardware int) func(t *testing.T) {
	return func(t *testing.T) {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		request, err := unix.NewIfreq("tun0")
		if err != nil {
			t.Fatal(err)
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
			t.Fatal(err)
		}
		if err := unix.IoctlSetInt(fd, unix.TUNSETLINK, hardware); err != nil {
			t.Fatal(err)
		}
		nettest.Run(t, "sh", "-ec", "ip link set tun0 up; ip address add 10.6.0.1/24 dev tun0")
	}
}

func compare(t *testing.T, got, want []captured) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d packets, not %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i].data, want[i].data) || got[i].original != want[i].original {
			t.Fatalf("packet %d:\n%d of %d: %x\nnot\n%d of %d: %x", i, len(got[i].data), got[i].original, got[i].data, len(want[i].data), want[i].original, want[i].data)
		}
		if apart := time.Duration(got[i].time - want[i].time); apart.Abs() > time.Millisecond {
			t.Errorf("packet %d is %v apart", i, apart)
		}
	}
}
