package traffic

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// The property: whatever the kernel's range of ports is and whenever it changes, every packet of the agent's is left
// out, and none of the app's.
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
