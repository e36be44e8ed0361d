package traffic

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// nameServerAt answers at 127.0.0.1:53: names of `known` are 127.0.0.1; those that begin with "long" only by TCP.
func nameServerAt(t *testing.T, known ...string) *atomic.Int64 {
	t.Helper()
	var asked atomic.Int64
	answer := func(query []byte, udp bool) []byte {
		asked.Add(1)
		var m dnsmessage.Message
		if m.Unpack(query) != nil || len(m.Questions) != 1 {
			return nil
		}
		q := m.Questions[0]
		m.Header.Response, m.Additionals = true, nil
		m.Header.RCode = dnsmessage.RCodeNameError
		for _, name := range known {
			if q.Name.String() != name {
				continue
			}
			m.Header.RCode = dnsmessage.RCodeSuccess
			m.Header.Truncated = udp && strings.HasPrefix(name, "long")
			if q.Type == dnsmessage.TypeA && !m.Header.Truncated {
				header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
				m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
			}
		}
		packed, _ := m.Pack()
		return packed
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = udp.Close(), tcp.Close() })
	go func() {
		query := make([]byte, 1500)
		for {
			size, from, err := udp.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(answer(query[:size], true), from)
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			head := make([]byte, 2)
			_, _ = io.ReadFull(conn, head)
			query := make([]byte, int(head[0])<<8|int(head[1]))
			_, _ = io.ReadFull(conn, query)
			said := answer(query, false)
			_, _ = conn.Write(append([]byte{byte(len(said) >> 8), byte(len(said))}, said...))
			_ = conn.Close()
		}
	}()
	return &asked
}

// resolverFiles puts these in place of the machine's own, in the test's own namespace of mounts.
func resolverFiles(t *testing.T, files map[string]string) {
	t.Helper()
	for path, text := range files {
		file := filepath.Join(t.TempDir(), filepath.Base(path))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, "mount", "--bind", file, path)
		t.Cleanup(func() { run(t, "umount", path) })
	}
}

func TestNamesAreLookedUpAsThePodDoesAndUnseen(t *testing.T) {
	needNamespace(t)
	resolverFiles(t, map[string]string{
		"/etc/resolv.conf": "nameserver 127.0.0.1\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n",
		"/etc/hosts":       "127.0.0.1 localhost\n127.0.0.1 by-hosts-file\n",
	})
	asked := nameServerAt(t, "collector.capture.svc.cluster.local.", "long.example.")
	server := echo(t, "127.0.0.1:0")
	h := &history{}
	d := NewDialer(NewRegistry(h.install))
	packets := sniff(t)
	for _, host := range []string{"collector.capture", "by-hosts-file", "long.example", "collector.capture"} {
		conn, err := d.DialContext(context.Background(), "tcp", netip.AddrPortFrom(server.Addr(), server.Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		talk(t, conn)
		conn, err = d.DialContext(context.Background(), "tcp", net.JoinHostPort(host, portText(server)))
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		talk(t, conn)
	}
	_, err := d.DialContext(context.Background(), "tcp", "nobody.example:80")
	if Reason(err) != "Name or service not known" {
		t.Errorf("%v", err)
	}
	lookups := 0
	for _, p := range packets() {
		if p.from.Port() == 53 || p.to.Port() == 53 {
			lookups++
		}
		if !h.leftOut(p) {
			t.Errorf("%v is captured", p)
		}
	}
	if asked.Load() < 10 || lookups < 20 {
		t.Errorf("%d questions, %d packets", asked.Load(), lookups)
	}
	sockets := 0
	for _, f := range d.Registry.Flows() {
		if f.Protocol == unix.IPPROTO_UDP {
			sockets++
		}
	}
	// A name's IPv4 and IPv6 addresses are asked for at once.
	if sockets < 1 || sockets > 4 {
		t.Errorf("%d sockets for %d questions", sockets, asked.Load())
	}
}

func portText(address netip.AddrPort) string {
	_, port, _ := net.SplitHostPort(address.String())
	return port
}

func TestANameServerThatDoesNotAnswer(t *testing.T) {
	needNamespace(t)
	r := &net.Resolver{PreferGo: true, Dial: (&nameServers{dialer: &Dialer{Registry: NewRegistry(func([]Flow) error { return nil })}}).dial}
	d := &Dialer{Registry: NewRegistry(func([]Flow) error { return nil }), Resolver: r}
	_, err := d.DialContext(context.Background(), "tcp", "name.example.:80")
	if Reason(err) != "Temporary failure in name resolution" {
		t.Errorf("%v", err)
	}
}
