package record

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/nettest"
)

func TestAFullVolume(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, nettest.Volume(t, "2m"))
	lo := source(t, "lo")
	limits := Limits{FileSize: 8 << 20, FileCount: 2}
	if err := f.Open([]*capture.Source{lo}, Head{}, limits); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		f.Packets(lo, packets(0, 1000, 900), 1000)
		f.Flush()
	}
	if err := f.Err(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	_ = f.Close()
	closed := f.observer.closed[0]
	// What could not be written is counted.
	if totals := f.Totals(); totals.Queue+totals.Packets != 5000 || totals.Queue == 0 || closed.Packets != totals.Packets || closed.Dropped != totals.Queue {
		t.Errorf("%+v, %+v", totals, closed)
	}
	if got := packetsIn(t, closed.Path); got != closed.Packets {
		t.Errorf("%d packets in the file, not %d", got, closed.Packets)
	}
}

// What the kernel has accepted when nothing can be written any more is counted too, wherever it is.
func TestNothingIsLostUncounted(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	f := newFixture(t, nettest.Volume(t, "1m"))
	eth0 := source(t, "eth0")
	if err := f.Open([]*capture.Source{eth0}, Head{}, Limits{FileSize: 8 << 20, FileCount: 2}); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", "10.0.0.9:9999")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send := func(count int) {
		for range count {
			_, _ = conn.Write(make([]byte, 1000))
		}
	}
	m := capture.Merger{Sources: []*capture.Source{eth0}, Sink: f}
	for i := 0; f.Err() == nil; i++ {
		send(100)
		m.Advance(time.Now().UnixNano())
		if i == 100 {
			t.Fatal("the volume is not full")
		}
	}
	// A block that the kernel has not handed over, and one that it has.
	send(300)
	_ = f.Close()
	stats, err := eth0.Stats()
	totals := f.Totals()
	if closed := f.observer.closed[0]; err != nil || totals.Packets+totals.Queue != int64(stats.Received-stats.Dropped) || totals.Queue < 300-int64(stats.Dropped) || closed.Dropped != totals.Queue+totals.Kernel {
		t.Errorf("%+v and %+v of %+v, %v", totals, closed, stats, err)
	}
}
