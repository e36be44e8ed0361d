package push

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"reflect"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/nettest"
)

const header = "HEADER--"

// event is what a push has reported.
type event struct {
	name    string
	members any
}

// fixture is a push on a loop of its own.
type fixture struct {
	*Push
	t      *testing.T
	loop   *loop.Loop
	events chan event
	number uint64
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	l := nettest.Loop(t)
	f := &fixture{t: t, loop: l, events: make(chan event, 10_000)}
	f.Push = New(Options{
		Loop:    l,
		Dial:    (&net.Dialer{}).DialContext,
		Emit:    func(name string, members any) { f.events <- event{name, members} },
		Header:  func() ([]byte, []string) { return []byte(header), []string{"eth0"} },
		Changed: func() {},
	})
	return f
}

// do runs fn on the loop, and waits for that.
func (f *fixture) do(fn func()) { nettest.On(f.loop, fn) }

// write writes numbered packets of 8 bytes and a filling.
func (f *fixture) write(count, filling int) {
	f.do(func() {
		for range count {
			f.Write(append(binary.BigEndian.AppendUint64(nil, f.number), make([]byte, filling)...), 1)
			f.number++
		}
	})
}

func (f *fixture) next() event {
	f.t.Helper()
	select {
	case e := <-f.events:
		return e
	case <-time.After(10 * time.Second):
		f.t.Fatal("no event")
		return event{}
	}
}

func (f *fixture) expect(name string, members any) {
	f.t.Helper()
	if e := f.next(); e.name != name || members != nil && !reflect.DeepEqual(e.members, members) {
		f.t.Fatalf("%v, not %s %v", e, name, members)
	}
}

func (f *fixture) close() {
	f.t.Helper()
	done := make(chan struct{})
	f.do(func() { f.Close(func() { close(done) }) })
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		f.t.Fatal("it does not end")
	}
}

// listen listens until the test ends, though nobody may refer to it any more.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// collector keeps what comes, a text for each connection.
type collector struct {
	net.Listener
	mu    sync.Mutex
	conns []*bytes.Buffer
	all   sync.WaitGroup
}

func collect(t *testing.T, address string) *collector {
	t.Helper()
	l := listen(t, address)
	c := &collector{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			text := &bytes.Buffer{}
			c.mu.Lock()
			c.all.Go(func() {
				_, _ = io.Copy(text, conn)
				_ = conn.Close()
			})
			c.conns = append(c.conns, text)
			c.mu.Unlock()
		}
	}()
	return c
}

// numbers are those of so many connections, in their order; each begins with a header.
func (c *collector) numbers(t *testing.T, connections, size int) []uint64 {
	t.Helper()
	for count := 0; count < connections; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		count = len(c.conns)
		c.mu.Unlock()
	}
	c.all.Wait()
	var numbers []uint64
	for _, conn := range c.conns {
		rest, found := bytes.CutPrefix(conn.Bytes(), []byte(header))
		if !found {
			t.Errorf("no header: %q", rest[:min(len(rest), 20)])
		}
		for len(rest) > 0 {
			for bytes.HasPrefix(rest, []byte(header)) {
				rest = rest[len(header):]
			}
			if len(rest) < size {
				break
			}
			numbers = append(numbers, binary.BigEndian.Uint64(rest))
			rest = rest[size:]
		}
	}
	return numbers
}

func checkAll(t *testing.T, numbers []uint64, count int) {
	t.Helper()
	if len(numbers) != count {
		t.Errorf("%d packets, not %d", len(numbers), count)
	}
	for i, number := range numbers {
		if number != uint64(i) {
			t.Fatalf("packet %d at place %d", number, i)
		}
	}
}
