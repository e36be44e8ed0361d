package capture

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/nettest"
)

// dial gives a function that sends one UDP packet with a number in it.
func dial(t *testing.T, address string) func(number int) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return func(number int) {
		_, _ = conn.Write(binary.BigEndian.AppendUint32(nil, uint32(number)))
	}
}

// numberOf is what dial's function sent.
func numberOf(p captured) int {
	return int(binary.BigEndian.Uint32(p.data[len(p.data)-4:]))
}

func TestMergeIsInOrder(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	nettest.Pair(t, "eth1", 1)
	sources := []*Source{open(t, "eth0", Options{}), open(t, "eth1", Options{}), open(t, "lo", Options{})}
	for i, s := range sources {
		s.Number = uint32(i)
	}
	send := []func(int){dial(t, "10.0.0.9:9999"), dial(t, "10.0.1.9:9999")}
	var got collector
	m := Merger{Sources: sources, Sink: &got}
	const count = 5000
	for i := range count {
		send[i/3%2](i)
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
			m.Advance(time.Now().UnixNano())
		}
	}
	drain(sources, &got)
	for i, p := range got.packets {
		if numberOf(p) != i || got.numbers[i] != uint32(i/3%2) {
			t.Fatalf("packet %d has number %d and interface %d", i, numberOf(p), got.numbers[i])
		}
	}
	if len(got.packets) != count {
		t.Errorf("%d packets", len(got.packets))
	}
}

// A source that nobody hears of holds nobody up, and one that has packets in the kernel only for a moment.
func TestMergeWaitsForNobodyLong(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	nettest.Pair(t, "eth1", 1)
	quiet, busy := open(t, "eth0", Options{}), open(t, "eth1", Options{})
	var got collector
	m := Merger{Sources: []*Source{quiet, busy}, Sink: &got}
	send := dial(t, "10.0.1.9:9999")
	for i := range 10 {
		send(i)
	}
	time.Sleep(2 * Retire)
	m.Advance(time.Now().UnixNano())
	if len(got.packets) != 10 {
		t.Errorf("%d packets next to a quiet source", len(got.packets))
	}
	dial(t, "10.0.0.9:9999")(0)
	send(10)
	time.Sleep(2 * Retire)
	m.Advance(time.Now().UnixNano())
	m.Advance(time.Now().UnixNano())
	if len(got.packets) != 12 {
		t.Errorf("%d packets in the end", len(got.packets))
	}
}

func TestBarrier(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	nettest.Pair(t, "eth1", 1)
	old, kept := open(t, "eth0", Options{}), open(t, "eth1", Options{})
	var got collector
	m := Merger{Sources: []*Source{old, kept}, Sink: &got}
	first, second := dial(t, "10.0.0.9:9999"), dial(t, "10.0.1.9:9999")
	const count = 4000
	next := 0
	send := func() {
		for range count {
			first(next)
			second(next + 1)
			next += 2
		}
	}
	send()
	// Another socket takes the place of the old one at a moment in the middle of the packets.
	starting := open(t, "eth0", Options{})
	starting.Starting = true
	m.Sources = append(m.Sources, starting)
	for i := range 100 {
		first(next + 2*i)
		second(next + 2*i + 1)
	}
	next += 200
	at := time.Now().UnixNano()
	passed := -1
	m.At(at, func() {
		passed = len(got.packets)
		m.Sources = []*Source{kept, starting}
	})
	if !m.Pending() {
		t.Error("nothing is pending")
	}
	send()
	for end := time.Now().Add(4 * Retire); time.Now().Before(end); time.Sleep(time.Millisecond) {
		m.Advance(time.Now().UnixNano())
	}
	if m.Pending() || passed < 0 {
		t.Fatal("the moment never came")
	}
	for i, p := range got.packets {
		if numberOf(p) != i {
			t.Fatalf("packet %d has number %d", i, numberOf(p))
		}
		if before := p.time < at; before != (i < passed) {
			t.Errorf("packet %d of %v is on the wrong side", i, time.Duration(p.time-at))
		}
	}
	if len(got.packets) != next {
		t.Errorf("%d packets of %d", len(got.packets), next)
	}
}

// A quiet capture passes the moment at once.
func TestBarrierWithoutPackets(t *testing.T) {
	nettest.Enter(t)
	m := Merger{Sources: []*Source{open(t, "lo", Options{})}, Sink: &collector{}}
	passed := false
	m.At(time.Now().UnixNano(), func() { passed = true })
	m.Advance(time.Now().UnixNano())
	if !passed {
		t.Error("it did not come")
	}
	m.Sources = nil
	passed = false
	m.At(time.Now().UnixNano(), func() { passed = true })
	m.Advance(time.Now().UnixNano())
	if !passed {
		t.Error("it did not come without a source")
	}
}

// Programs change under load, and no packet that all of them take is lost.
func TestSetFilterLosesNothing(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	s := open(t, "eth0", Options{})
	stop, sent := make(chan struct{}), make(chan int)
	send := dial(t, "10.0.0.9:9999")
	go func() {
		i := 0
		for ; ; i++ {
			select {
			case <-stop:
				sent <- i
				return
			default:
				send(i)
				if i%10 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
			}
		}
	}()
	var got collector
	m := Merger{Sources: []*Source{s}, Sink: &got}
	for i := range 1000 {
		if err := s.SetFilter(filter.Program{{Op: 6, K: uint32(70_000 + i)}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Microsecond)
		m.Advance(time.Now().UnixNano())
	}
	close(stop)
	want := <-sent
	drain(m.Sources, &got)
	if len(got.packets) != want || want < 1000 {
		t.Errorf("%d packets of %d", len(got.packets), want)
	}
}

func TestDropsAreCounted(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	s := open(t, "eth0", Options{Buffer: 1 << 20})
	const count = 30_000
	send := dial(t, "10.0.0.9:9999")
	for i := range count {
		send(i)
	}
	var got collector
	drain([]*Source{s}, &got)
	stats, err := s.Stats()
	if err != nil || stats.Received != count || stats.Dropped != uint64(count-len(got.packets)) || stats.Dropped == 0 {
		t.Errorf("%+v after %d packets, %v", stats, len(got.packets), err)
	}
	again, err := s.Stats()
	if err != nil || again != stats {
		t.Errorf("then %+v, %v", again, err)
	}
}

// A crowded source does not wait for another one.
func TestACrowdedSourceDoesNotWait(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	nettest.Pair(t, "eth1", 1)
	busy, slow := open(t, "eth0", Options{Buffer: 1 << 20}), open(t, "eth1", Options{})
	var got collector
	m := Merger{Sources: []*Source{busy, slow}, Sink: &got}
	send, other := dial(t, "10.0.0.9:9999"), dial(t, "10.0.1.9:9999")
	for i := range 4 * blockSize / 130 {
		if i%500 == 0 {
			// It never has nothing, and never enough for a block.
			other(i)
			m.Advance(time.Now().UnixNano())
		}
		send(i)
	}
	drain(m.Sources, &got)
	if stats, err := busy.Stats(); err != nil || stats.Dropped != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestOpenFails(t *testing.T) {
	nettest.Enter(t)
	_, err := Open(NewInterface("gone", 12345, arphrdEther), Options{Buffer: 1 << 20})
	if !errors.Is(err, unix.ENODEV) {
		t.Errorf("got %v", err)
	}
	if fds := openPacketSockets(t); fds != 0 {
		t.Errorf("%d sockets are left", fds)
	}
	if _, err := Open(NewInterface("lo", 1, arphrdLoopback), Options{Buffer: 1 << 20, Program: make(filter.Program, 5000)}); err == nil {
		t.Error("no error for a program that is too long")
	}
}

// openPacketSockets counts those of the namespace.
func openPacketSockets(t *testing.T) int {
	t.Helper()
	// The first line is a heading.
	return strings.Count(nettest.Run(t, "cat", "/proc/net/packet"), "\n") - 1
}

func TestLinkTypes(t *testing.T) {
	for _, test := range []struct {
		hardware uint16
		name     string
		link     filter.LinkType
		cooked   bool
	}{
		{arphrdEther, "eth0", 1, false}, {arphrdLoopback, "lo", 1, false}, {arphrdNone, "wg0", 101, false}, {arphrdTunnel, "tunl0", 101, false},
		{arphrdSIT, "sit0", 101, false}, {778, "gre0", 113, true}, {769, "ip6tnl0", 113, true}, {512, "ppp0", 113, true}, {65535, "x", 113, true},
		{arphrdEther, "cdma_rmnet0", 101, false}, {arphrdNetlink, "nlmon0", 253, true}, {arphrdCAN, "can0", 227, false},
	} {
		if i := NewInterface(test.name, 1, test.hardware); i.Link != test.link || i.Cooked != test.cooked {
			t.Errorf("%s of type %d: %+v", test.name, test.hardware, i)
		}
	}
}
