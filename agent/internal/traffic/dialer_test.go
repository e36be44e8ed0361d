package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seen is a packet on lo: its conversation, whichever way it went.
type seen struct {
	at       time.Time
	from, to netip.AddrPort
	protocol uint8
}

// history is what a capture left out, and when.
type history struct {
	mu  sync.Mutex
	log []change
}

type change struct {
	at    time.Time
	flows []Flow
}

func (h *history) install(flows []Flow) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, change{time.Now(), slices.Clone(flows)})
	return nil
}

// leftOut tells whether a capture left that packet out.
func (h *history) leftOut(p seen) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	var flows []Flow
	for _, c := range h.log {
		if c.at.After(p.at) {
			break
		}
		flows = c.flows
	}
	return slices.ContainsFunc(flows, func(f Flow) bool {
		matches := func(local, remote netip.AddrPort) bool {
			return f.Local == local && (f.Remote == remote || f.Remote == netip.AddrPort{})
		}
		return f.Protocol == p.protocol && (matches(p.from, p.to) || matches(p.to, p.from))
	})
}

// sniff records the packets of lo until the test takes them.
func sniff(t *testing.T) func() []seen {
	t.Helper()
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(all))
	if err != nil {
		t.Fatal(err)
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: lo.Index}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
	); err != nil {
		t.Fatal(err)
	}
	var packets []seen
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		data, control := make([]byte, 65536), make([]byte, 256)
		for {
			size, controls, _, _, err := unix.Recvmsg(fd, data, control, 0)
			if err != nil {
				select {
				case <-stop:
					return
				default:
					continue
				}
			}
			if p, ok := parse(data[:size]); ok {
				messages, _ := unix.ParseSocketControlMessage(control[:controls])
				for _, m := range messages {
					if m.Header.Type == unix.SO_TIMESTAMPNS {
						p.at = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
					}
				}
				packets = append(packets, p)
			}
		}
	}()
	return func() []seen {
		time.Sleep(100 * time.Millisecond)
		close(stop)
		<-done
		_ = unix.Close(fd)
		return packets
	}
}

func parse(ip []byte) (seen, bool) {
	var p seen
	if len(ip) < 40 {
		return p, false
	}
	var from, to netip.Addr
	var ports []byte
	switch ip[0] >> 4 {
	case 4:
		p.protocol, ports = ip[9], ip[20:]
		from, _ = netip.AddrFromSlice(ip[12:16])
		to, _ = netip.AddrFromSlice(ip[16:20])
	case 6:
		p.protocol, ports = ip[6], ip[40:]
		from, _ = netip.AddrFromSlice(ip[8:24])
		to, _ = netip.AddrFromSlice(ip[24:40])
	}
	if (p.protocol != unix.IPPROTO_TCP && p.protocol != unix.IPPROTO_UDP) || len(ports) < 4 {
		return p, false
	}
	p.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(ports))
	p.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(ports[2:]))
	return p, true
}

// echo is a server that sends back what comes, until the other side ends.
func echo(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func talk(t *testing.T, conn net.Conn) {
	t.Helper()
	answer := make([]byte, 5)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Error(err)
	} else if _, err := io.ReadFull(conn, answer); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func setRange(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The property: whatever the kernel's range of ports is and whenever it changes, every packet of the agent's is left out, and
// none of the app's.
func TestOwnPacketsAreLeftOutAndNoOther(t *testing.T) {
	needNamespace(t)
	server := echo(t, "127.0.0.1:0")
	server6 := echo(t, "[::1]:0")
	h := &history{}
	d := NewDialer(NewRegistry(h.install))
	packets := sniff(t)
	own, app := map[netip.AddrPort]bool{}, map[netip.AddrPort]bool{}
	for _, ports := range []string{"32768 60999", "1024 65535", "61000 61099", "40000 40030", "32768 60999"} {
		setRange(t, ports)
		for _, to := range []netip.AddrPort{server, server6, server} {
			conn, err := d.DialContext(context.Background(), "tcp", to.String())
			if err != nil {
				t.Fatalf("%s: %v", ports, err)
			}
			own[conn.LocalAddr().(*net.TCPAddr).AddrPort()] = true
			other, err := net.Dial("tcp", to.String())
			if err != nil {
				t.Fatal(err)
			}
			app[other.LocalAddr().(*net.TCPAddr).AddrPort()] = true
			talk(t, other)
			talk(t, conn)
		}
	}
	counts := map[string]int{}
	for _, p := range packets() {
		from, to := own[p.from] || own[p.to], app[p.from] || app[p.to]
		left := h.leftOut(p)
		switch {
		case from == to:
			t.Errorf("%v is of both or of nobody", p)
		case from && !left:
			t.Errorf("%v of the agent's is captured", p)
		case to && left:
			t.Errorf("%v of the app's is left out", p)
		}
		counts[map[bool]string{true: "own", false: "app"}[from]]++
	}
	if counts["own"] < 15*7 || counts["app"] < 15*7 {
		t.Errorf("packets: %v", counts)
	}
}

// While a flow is left out nobody else can have its port, also after the connection has ended, in whatever way.
func TestAPortIsTheAgentsUntilItsFlowIsGone(t *testing.T) {
	needNamespace(t)
	server := echo(t, "127.0.0.1:0")
	r := NewRegistry(func([]Flow) error { return nil })
	d := NewDialer(r)
	ends := map[string]func() netip.AddrPort{
		"closed": func() netip.AddrPort {
			conn, _ := d.DialContext(context.Background(), "tcp", server.String())
			talk(t, conn)
			return conn.LocalAddr().(*net.TCPAddr).AddrPort()
		},
		"aborted": func() netip.AddrPort {
			conn, _ := d.DialContext(context.Background(), "tcp", server.String())
			_ = conn.(*Conn).Abort()
			return conn.LocalAddr().(*net.TCPAddr).AddrPort()
		},
		"refused": func() netip.AddrPort {
			before := r.Flows()
			_, err := d.DialContext(context.Background(), "tcp", "127.0.0.1:9")
			if Reason(err) != "Connection refused" {
				t.Errorf("%v", err)
			}
			for _, f := range r.Flows() {
				if !slices.Contains(before, f) {
					return f.Local
				}
			}
			return netip.AddrPort{}
		},
	}
	ports := map[string]netip.AddrPort{}
	for name, end := range ends {
		local := end()
		ports[name] = local
		if !local.IsValid() {
			t.Fatalf("%s: the flow is not there", name)
		}
		time.Sleep(50 * time.Millisecond)
		fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err := unix.Bind(fd, sockaddr(local)); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: the port can be had: %v", name, err)
		}
		_ = unix.Close(fd)
	}
	// Flow and port are gone together.
	r.mu.Lock()
	lingering := slices.Clone(r.lingering)
	for _, l := range r.lingering {
		l.until = time.Now()
	}
	r.mu.Unlock()
	r.endExpired()
	if len(lingering) != 3 || len(r.Flows()) != 0 {
		t.Errorf("%d lingered, %v", len(lingering), r.Flows())
	}
	for _, l := range lingering {
		if l.entry.flow.Local == ports["closed"] {
			// The kernel holds it for the rest of its minute.
			continue
		}
		fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err := unix.Bind(fd, sockaddr(l.entry.flow.Local)); err != nil {
			t.Errorf("the port cannot be had: %v", err)
		}
		_ = unix.Close(fd)
	}
}

func TestManyConnectionsInARow(t *testing.T) {
	needNamespace(t)
	server := echo(t, "127.0.0.1:0")
	r := NewRegistry(func([]Flow) error { return nil })
	d := NewDialer(r)
	for range 3 * MaxFlows {
		conn, err := d.DialContext(context.Background(), "tcp", server.String())
		if err != nil {
			t.Fatal(err)
		}
		talk(t, conn)
	}
	if count := len(r.Flows()); count > MaxFlows || count < MaxFlows/2 {
		t.Errorf("%d flows", count)
	}
}

func TestAnAddressThatDoesNotAnswerIsGivenUp(t *testing.T) {
	needNamespace(t)
	run(t, "ip", "link", "add", "nowhere", "type", "veth", "peer", "name", "silent")
	t.Cleanup(func() { run(t, "ip", "link", "delete", "nowhere") })
	run(t, "ip", "address", "add", "10.98.0.1/24", "dev", "nowhere")
	run(t, "ip", "link", "set", "nowhere", "up")
	run(t, "ip", "link", "set", "silent", "up")
	run(t, "ip", "neighbour", "add", "10.98.0.2", "lladdr", "02:00:00:00:00:01", "dev", "nowhere", "nud", "permanent")
	r := NewRegistry(func([]Flow) error { return nil })
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := NewDialer(r).DialContext(ctx, "tcp", "10.98.0.2:80")
	if Reason(err) != "Connection timed out" {
		t.Errorf("%v", err)
	}
	flows := r.Flows()
	if len(flows) != 1 || flows[0].Local.Addr().String() != "10.98.0.1" {
		t.Errorf("%v", flows)
	}
	// The kernel does not go on asking.
	r.mu.Lock()
	state, err := unix.GetsockoptTCPInfo(r.lingering[0].fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	r.mu.Unlock()
	const closed = 7
	if err != nil || state.State != closed {
		t.Errorf("%v %v", state, err)
	}
}

func TestALinkLocalAddress(t *testing.T) {
	needNamespace(t)
	run(t, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two")
	t.Cleanup(func() { run(t, "ip", "link", "delete", "one") })
	for _, name := range []string{"one", "two"} {
		run(t, "ip", "link", "set", name, "addrgenmode", "none")
		run(t, "ip", "link", "set", name, "up")
	}
	run(t, "ip", "address", "add", "fe80::1/64", "dev", "one", "nodad")
	run(t, "ip", "address", "add", "fe80::2/64", "dev", "two", "nodad")
	server := echo(t, "[fe80::1%one]:0")
	server = netip.AddrPortFrom(server.Addr().WithZone("two"), server.Port())
	r := NewRegistry(func([]Flow) error { return nil })
	conn, err := NewDialer(r).DialContext(context.Background(), "tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	want := conn.LocalAddr().(*net.TCPAddr).AddrPort()
	talk(t, conn)
	flows := r.Flows()
	if len(flows) != 1 || flows[0].Local != withoutZone(want) || flows[0].Remote != withoutZone(server) || flows[0].Local.Addr().Zone() != "" {
		t.Errorf("%v, not %v", flows, want)
	}
}

func TestListen(t *testing.T) {
	needNamespace(t)
	h := &history{}
	d := NewDialer(NewRegistry(h.install))
	packets := sniff(t)
	l, err := d.Listen()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	talk(t, conn)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	all := packets()
	if len(all) < 7 {
		t.Errorf("%d packets", len(all))
	}
	for _, p := range all {
		if !h.leftOut(p) {
			t.Errorf("%v is captured", p)
		}
	}
	if _, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
}
