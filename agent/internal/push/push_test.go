package push

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

func TestWhatIsCapturedArrives(t *testing.T) {
	c, f := collect(t, "127.0.0.1:0"), newFixture(t)
	to := c.Addr().String()
	f.write(3, 92)
	f.number = 0
	f.do(func() { f.Set(to, 1<<20) })
	if s := f.Status(); s.State != Idle {
		t.Errorf("%v", s)
	}
	f.do(func() { f.Run(true) })
	f.expect("stream connected", ConnectedEvent{to, []string{"eth0"}})
	f.write(5000, 92)
	f.close()
	f.expect("stream closed", ClosedEvent{to, 5000, 0})
	checkAll(t, c.numbers(t, 1, 100), 5000)
	f.do(func() {
		if s, want := *f.Status(), (Status{To: to, State: Idle, Connections: 1, Packets: 5000}); s != want {
			t.Errorf("%v, not %v", s, want)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	c, f := collect(t, "127.0.0.1:0"), newFixture(t)
	to := c.Addr().String()
	_ = c.Close()
	f.retries.First, f.retries.Most = 50*time.Millisecond, 150*time.Millisecond
	f.do(func() { f.Set(to, 1<<20); f.Run(true) })
	for _, retry := range []string{"50ms", "100ms", "150ms", "150ms"} {
		f.expect("error", ErrorEvent{"stream to " + to + ": Connection refused", retry})
	}
	f.do(func() {
		if s, want := *f.Status(), (Status{To: to, State: Connecting, LastError: "Connection refused"}); s != want {
			t.Errorf("%v, not %v", s, want)
		}
	})
	again := collect(t, to)
	f.expect("stream connected", nil)
	f.do(func() {
		if s, want := *f.Status(), (Status{To: to, State: Connected, Connections: 1}); s != want {
			t.Errorf("%v, not %v", s, want)
		}
	})
	f.write(1, 0)
	f.do(func() { f.Run(false) })
	f.expect("stream closed", ClosedEvent{to, 1, 0})
	checkAll(t, again.numbers(t, 1, 8), 1)
}

func TestUsualTimes(t *testing.T) {
	p := New(Options{})
	if p.retries.First != time.Second || p.retries.Most != 30*time.Second || p.timing.stall != 30*time.Second {
		t.Errorf("%v %v", p.retries, p.timing)
	}
}

func TestACollectorThatEndsIsNoticed(t *testing.T) {
	l, f := listen(t, "127.0.0.1:0"), newFixture(t)
	to := l.Addr().String()
	f.do(func() { f.Set(to, 1<<20); f.Run(true) })
	conn, _ := l.Accept()
	f.expect("stream connected", nil)
	f.write(1, 0)
	_, _ = io.ReadFull(conn, make([]byte, len(header)+8))
	// Sooner it would be taken for one that says nothing.
	time.Sleep(halfCloseTime + 100*time.Millisecond)
	_ = conn.Close()
	_ = l.Close()
	f.expect("stream closed", ClosedEvent{to, 1, 0})
	f.expect("error", ErrorEvent{"stream to " + to + ": closed by the other side", "1s"})
	f.expect("error", ErrorEvent{"stream to " + to + ": Connection refused", "2s"})
}

func TestACollectorThatSaysNothingMayCloseItsHalf(t *testing.T) {
	l, f := listen(t, "127.0.0.1:0"), newFixture(t)
	f.do(func() { f.Set(l.Addr().String(), 1<<20); f.Run(true) })
	conn, _ := l.Accept()
	_ = conn.(*net.TCPConn).CloseWrite()
	f.expect("stream connected", nil)
	time.Sleep(halfCloseTime + 200*time.Millisecond)
	f.write(10, 0)
	f.close()
	f.expect("stream closed", ClosedEvent{l.Addr().String(), 10, 0})
	if all, _ := io.ReadAll(conn); len(all) != len(header)+80 {
		t.Errorf("%d bytes", len(all))
	}
}

func TestACollectorThatDoesNotReadCostsTheCaptureNothing(t *testing.T) {
	l, f := listen(t, "127.0.0.1:0"), newFixture(t)
	f.do(func() { f.Set(l.Addr().String(), 1<<20); f.Run(true) })
	f.expect("stream connected", nil)
	const count = 20_000
	started := time.Now()
	f.write(count, 1392)
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	started = time.Now()
	f.close()
	if took := time.Since(started); took > time.Second {
		t.Errorf("the end took %v", took)
	}
	e := f.next()
	closed := e.members.(ClosedEvent)
	if closed.Packets+closed.Dropped != count || closed.Dropped < 1000 || closed.Packets < 100 {
		t.Errorf("%v", closed)
	}
}

func TestACollectorThatReadsNothingForLongIsGivenUp(t *testing.T) {
	l, f := listen(t, "127.0.0.1:0"), newFixture(t)
	f.timing.stall = 300 * time.Millisecond
	f.do(func() { f.Set(l.Addr().String(), 8<<20); f.Run(true) })
	f.expect("stream connected", nil)
	conn, _ := l.Accept()
	f.write(14_000, 1392)
	// One that reads slowly is not.
	for range 5 {
		time.Sleep(150 * time.Millisecond)
		_, _ = io.ReadFull(conn, make([]byte, 1<<20))
		f.write(14_000, 1392)
		select {
		case e := <-f.events:
			t.Fatalf("%v", e)
		default:
		}
	}
	f.expect("stream closed", nil)
	f.expect("error", ErrorEvent{"stream to " + l.Addr().String() + ": Connection timed out", "1s"})
}

func TestAChangeOfSettingsMissesNothing(t *testing.T) {
	c, f := collect(t, "127.0.0.1:0"), newFixture(t)
	to := c.Addr().String()
	f.do(func() { f.Set(to, 1<<20); f.Run(true) })
	f.expect("stream connected", nil)
	const changes = 100
	for i := range changes {
		f.write(20, 92)
		f.do(f.Restart)
		if i%10 == 0 {
			f.do(f.Restart)
		}
		f.write(20, 92)
	}
	f.close()
	var connections int
	f.do(func() {
		connections = int(f.Status().Connections)
		if s := *f.Status(); s.Packets != changes*40 || s.Dropped != 0 || s.Connections < 2 {
			t.Errorf("%v", s)
		}
	})
	checkAll(t, c.numbers(t, connections, 100), changes*40)
}

func TestAnotherDestination(t *testing.T) {
	one, two, f := collect(t, "127.0.0.1:0"), collect(t, "127.0.0.1:0"), newFixture(t)
	f.do(func() { f.Set(one.Addr().String(), 1<<20); f.Run(true) })
	f.expect("stream connected", ConnectedEvent{one.Addr().String(), []string{"eth0"}})
	f.do(func() { f.Set(two.Addr().String(), 1<<20) })
	f.expect("stream closed", ClosedEvent{one.Addr().String(), 0, 0})
	f.expect("stream connected", ConnectedEvent{two.Addr().String(), []string{"eth0"}})
	f.do(func() { f.Set("", 1<<20) })
	f.expect("stream closed", ClosedEvent{two.Addr().String(), 0, 0})
	f.do(func() {
		if s := f.Status(); s != nil {
			t.Errorf("%v", s)
		}
	})
	f.close()
	select {
	case e := <-f.events:
		t.Errorf("%v", e)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestQueueNeverHoldsMoreThanItMay(t *testing.T) {
	q := newQueue(200_000)
	for range 100 {
		q.add(make([]byte, 10_000), 3)
	}
	if written, dropped := q.counts(); written != 0 || dropped != 240 || q.size != 200_000 {
		t.Errorf("%d written, %d dropped, %d bytes", written, dropped, q.size)
	}
	size := 0
	for !q.isEmpty() {
		p := q.take()
		size += len(p.bytes)
		q.wrote(p)
	}
	if written, _ := q.counts(); written != 60 || size != 200_000 || q.size != 0 {
		t.Errorf("%d written, %d bytes, %d left", written, size, q.size)
	}
	q.add(make([]byte, 10), 1)
	p := q.take()
	q.add(make([]byte, 10), 1)
	q.abort()
	q.wrote(p)
	if written, dropped := q.counts(); written != 60 || dropped != 242 || q.take() != nil {
		t.Errorf("%d written, %d dropped", written, dropped)
	}
}

func BenchmarkWrite(b *testing.B) {
	q := newQueue(4 << 20)
	data := make([]byte, 128<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		q.add(data, 100)
		for !q.isEmpty() {
			q.wrote(q.take())
		}
	}
	_ = fmt.Sprint(q.counts())
}
