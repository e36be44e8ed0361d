package streamcapture

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/traffic"
)

// compiler uses this machine's tcpdump.
func compiler(t *testing.T) *filter.Compiler {
	t.Helper()
	for _, path := range []string{"/usr/bin/tcpdump", "/usr/sbin/tcpdump"} {
		if _, err := os.Stat(path); err == nil {
			return &filter.Compiler{Path: path}
		}
	}
	t.Skip("needs tcpdump")
	return nil
}

// running is a capture with what it has written.
type running struct {
	*Capture
	ended chan result
	bytes chan []byte
}

type result struct {
	lost []Lost
	err  error
}

// start captures in the namespace of the test's thread: the sockets are opened here.
func start(t *testing.T, options Options) *running {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	options.Output, options.Compiler = int(write.Fd()), compiler(t)
	c, err := New(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{c, make(chan result, 1), make(chan []byte, 1)}
	go func() {
		all, _ := io.ReadAll(read)
		r.bytes <- all
	}()
	go func() {
		lost, err := c.Run()
		_ = write.Close()
		r.ended <- result{lost, err}
	}()
	return r
}

func send(t *testing.T, to string, count int) {
	t.Helper()
	conn, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range count {
		// That nobody listens is noticed at the next one.
		if _, err := conn.Write(make([]byte, 100)); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
			t.Fatal(err)
		}
	}
}

func TestCapture(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	all := settings.Interfaces{Names: []string{"eth0", "lo"}}
	r := start(t, Options{Interfaces: all, Filter: "udp port 99", Snaplen: settings.Snaplen{Headers: true}, AgentDir: t.TempDir()})
	send(t, "10.0.0.9:99", 7)
	send(t, "10.0.0.9:98", 7)
	// The kernel tells after the first that nobody listens, so another follows.
	send(t, "127.0.0.1:99", 2)
	r.End()
	end := <-r.ended
	if end.err != nil {
		t.Fatal(end.err)
	}
	if len(end.lost) != 2 || end.lost[0] != (Lost{"eth0", 7, 0}) || end.lost[1].Packets == 0 {
		t.Errorf("counted %+v", end.lost)
	}
	content := <-r.bytes
	path := t.TempDir() + "/live.pcapng"
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if count, _, err := pcapng.Count(file); err != nil || count < 8 {
		t.Errorf("%d packets, %v", count, err)
	}
	// 14, 20 and 8 bytes of headers: with payload it would be 14 of 142 bytes, and more than 2000.
	if len(content) > 1500 {
		t.Errorf("%d bytes: there is payload in it", len(content))
	}
}

// Of the program that captures to files: the hub.
func TestOwnFlowsAreLeftOut(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	dir := t.TempDir()
	hub, err := share.NewHub(dir, func([]traffic.Flow) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	flowTo := func(port uint16) traffic.Flow {
		return traffic.Flow{
			Protocol: 17, Local: netip.MustParseAddrPort("10.0.0.1:5000"), Remote: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), port),
		}
	}
	if err := hub.Set([]traffic.Flow{flowTo(99)}); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Interfaces: settings.Interfaces{All: true}, AgentDir: dir})
	sendFrom := func(port int) {
		conn, err := net.DialUDP("udp", &net.UDPAddr{Port: 5000}, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 9), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	sendFrom(99)
	// Both ends of eth0 are captured.
	if err := hub.Set([]traffic.Flow{flowTo(99), flowTo(98)}); err != nil {
		t.Fatal(err)
	}
	sendFrom(98)
	sendFrom(99)
	sendFrom(97)
	r.End()
	if end := <-r.ended; end.err != nil || len(end.lost) != 2 || end.lost[0].Packets != 1 || end.lost[1].Packets != 1 {
		t.Errorf("captured %+v, %v", end.lost, end.err)
	}
}

func TestRefusals(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	for _, test := range []struct {
		name    string
		options Options
		setting string
		reason  string
	}{
		{"an interface that is not there", Options{Interfaces: settings.Interfaces{Names: []string{"eth0", "net7"}}}, "interfaces", "there is no interface net7"},
		{"one of the mirror's", Options{Interfaces: settings.Interfaces{Names: []string{"pcmirror0"}}}, "interfaces", "there is no interface pcmirror0"},
		{"a filter", Options{Interfaces: settings.Interfaces{All: true}, Filter: "tcp) or (udp"}, "filter", "can't parse filter expression: syntax error"},
	} {
		test.options.AgentDir, test.options.Compiler = t.TempDir(), compiler(t)
		_, err := New(context.Background(), test.options)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Setting != test.setting || refusal.Reason != test.reason {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestWriterWritesAll(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w := writer{fd: int(write.Fd())}
	got := make(chan int)
	go func() {
		all, _ := io.ReadAll(read)
		got <- len(all)
	}()
	total := 0
	for i := range 3000 {
		w.Packets(&capture.Source{}, make(pcapng.Packets, i%257), 1)
		total += i % 257
	}
	w.Flush()
	_ = write.Close()
	if n := <-got; n != total || w.err != nil {
		t.Errorf("%d of %d bytes, %v", n, total, w.err)
	}
	_ = read.Close()
}

func TestWriterStopsAtAnError(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	w := writer{fd: int(write.Fd())}
	if w.write([]byte("x")) == nil || w.write([]byte("y")) == nil {
		t.Error("nobody reads, and it writes")
	}
	_ = write.Close()
}

func TestAnOutputThatNobodyReadsEndsTheCapture(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(context.Background(), Options{
		Interfaces: settings.Interfaces{All: true}, AgentDir: t.TempDir(), Compiler: compiler(t), Output: int(write.Fd()),
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	ended := make(chan error)
	go func() {
		_, err := c.Run()
		ended <- err
	}()
	send(t, "10.0.0.9:99", 1)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("it goes on")
	}
}
