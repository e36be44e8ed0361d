// Package push sends what is captured to a collector, while it is captured: pcapng over TCP (PCAP over IP).
//
// It goes beside the capture files and takes nothing from them: the capture hands over what it has encoded, and never waits.
// docs/stream-push.md says what it does when.
package push

import (
	"context"
	"net"
	"time"

	"packet-capture/agent/internal/loop"
)

// timing is how long things may take.
type timing struct {
	// Tries to connect are first apart, then twice as long each time, up to most.
	first, most time.Duration
	// good: after a connection that lasted so long the next try is soon.
	good time.Duration
	// stall is how long the collector may read nothing while there is something to read.
	stall time.Duration
	// end is for what is still in the queue when a connection is ended on purpose.
	end time.Duration
}

var usual = timing{first: time.Second, most: 30 * time.Second, good: 10 * time.Second, stall: 30 * time.Second, end: 400 * time.Millisecond}

// State of a push.
type State string

// States, as status.json has them.
const (
	Connected  State = "connected"
	Connecting State = "connecting"
	Idle       State = "idle"
)

// Status is the member `stream` of status.json. Numbers count since the container started.
type Status struct {
	To          string `json:"to"`
	State       State  `json:"state"`
	Connections uint64 `json:"connections"`
	Packets     uint64 `json:"packets"`
	Dropped     uint64 `json:"dropped"`
	// LastError is why there is no connection, until the next one.
	LastError string `json:"lastError,omitempty"`
}

// ConnectedEvent is what `stream connected` holds.
type ConnectedEvent struct {
	To         string   `json:"to"`
	Interfaces []string `json:"interfaces"`
}

// ClosedEvent is what `stream closed` holds.
type ClosedEvent struct {
	To      string `json:"to"`
	Packets uint64 `json:"packets"`
	Dropped uint64 `json:"dropped"`
}

// ErrorEvent is what an `error` of a push holds.
type ErrorEvent struct {
	Reason string `json:"reason"`
	Retry  string `json:"retry"`
}

// Options are what a Push works with. All functions but Dial are called on the loop.
type Options struct {
	Loop *loop.Loop
	// Dial makes a connection that no capture holds: DialContext of a traffic.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Emit tells an event: `stream connected`, `stream closed` or `error`, with its members.
	Emit func(event string, members any)
	// Header gives what a connection begins with: a section header and the descriptions of all interfaces, to which the
	// packets of later Writes refer; and the interfaces' names.
	Header func() (header []byte, interfaces []string)
	// Changed is called when State or LastError of Status have changed.
	Changed func()
}

// Push is the setting `stream` at work. Its methods are called on the loop.
type Push struct {
	options Options
	timing  timing
	// to is where to, as the user wrote it; empty: nowhere.
	to      string
	buffer  int
	running bool
	// current is the connection that there is; ending says that it is being ended on purpose.
	current *connection
	ending  bool
	// next is the queue of the connection that follows, when one was closed for a change of settings: it misses nothing.
	next           *queue
	nextInterfaces []string
	// cancel ends the try that goes on; nil when there is none.
	cancel context.CancelFunc
	timer  *loop.Timer
	delay  time.Duration
	// closed is called when a Close has come to its end.
	closed func()
	status Status
}

// New makes a Push that Set and Run bring to life.
func New(options Options) *Push {
	return &Push{options: options, timing: usual, delay: usual.first}
}

// Set says where to push, HOST:PORT as the user wrote it or nothing, and how many bytes may wait for the collector to read.
func (p *Push) Set(to string, buffer int64) {
	if to == p.to && int(buffer) == p.buffer {
		return
	}
	if to != p.to {
		p.stopDialing()
	}
	p.to, p.buffer = to, int(buffer)
	p.Restart()
}

// Run says whether packets are captured now.
func (p *Push) Run(running bool) {
	if running == p.running {
		return
	}
	p.running = running
	if running {
		p.forget()
		p.follow()
	} else {
		p.end(false)
	}
	p.options.Changed()
}

// Restart ends the connection and makes a new one at once: settings or interfaces have changed, and Header with them. What
// is written from now on belongs to the new one.
func (p *Push) Restart() {
	p.forget()
	p.end(p.current != nil && !p.ending || p.next != nil)
	p.follow()
	p.options.Changed()
}

// Write takes encoded packets that were captured just now. data is copied.
func (p *Push) Write(data []byte, packets int) {
	switch {
	case p.current != nil && !p.ending:
		p.current.queue.add(data, packets)
	case p.next != nil:
		p.next.add(data, packets)
	}
}

// Takes says that there is somewhere to write to.
func (p *Push) Takes() bool {
	return p.current != nil && !p.ending || p.next != nil
}

// Describe takes the description of one more interface, which the next packets may be of.
func (p *Push) Describe(description []byte) {
	switch {
	case p.current != nil && !p.ending:
		p.current.queue.begin(description)
	case p.next != nil:
		p.next.begin(description)
	}
}

// Close ends the push for good; done is called on the loop when what was captured has been written, or the collector has
// not read it in 0.4 seconds.
func (p *Push) Close(done func()) {
	p.closed = done
	if p.next == nil || !p.wanted() {
		p.endForGood()
		return
	}
	// A change of settings has just closed a connection, and what was captured since then waits for the next one.
	p.options.Loop.After(p.timing.end, func() {
		if p.running {
			p.endForGood()
		}
	})
}

func (p *Push) endForGood() {
	p.running = false
	p.end(false)
	if done := p.closed; p.current == nil && done != nil {
		p.closed = nil
		done()
	}
}

// Status is nil when there is nowhere to push to.
func (p *Push) Status() *Status {
	if p.to == "" {
		return nil
	}
	status := p.status
	status.To = p.to
	switch {
	case p.current != nil && !p.ending:
		status.State = Connected
	case p.wanted():
		status.State = Connecting
	default:
		status.State = Idle
	}
	if p.current != nil {
		written, dropped := p.current.queue.counts()
		status.Packets += written
		status.Dropped += dropped
	}
	return &status
}

func (p *Push) wanted() bool {
	return p.to != "" && p.running
}

// forget forgets failures of before: the next try is at once.
func (p *Push) forget() {
	p.delay, p.status.LastError = p.timing.first, ""
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// stopDialing ends the try to connect that goes on.
func (p *Push) stopDialing() {
	if p.cancel != nil {
		p.cancel()
		p.cancel = nil
	}
}

// end ends what there is. With keep, packets from now on are kept for the connection that follows.
func (p *Push) end(keep bool) {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if !p.wanted() {
		p.stopDialing()
	}
	if keep && p.wanted() {
		p.beginNext()
	} else {
		p.next = nil
	}
	if p.current == nil || p.ending {
		return
	}
	ended := p.current
	p.ending = true
	ended.finish()
	p.options.Loop.After(p.timing.end, func() {
		if p.current == ended {
			ended.giveUp()
		}
	})
}

// beginNext begins the next connection's queue, or another section of it, with a header of now.
func (p *Push) beginNext() {
	if p.next == nil {
		p.next = newQueue(p.buffer)
	}
	header, interfaces := p.options.Header()
	p.next.begin(header)
	p.nextInterfaces = interfaces
}

// follow tries to connect if that is wanted and not done yet.
func (p *Push) follow() {
	if !p.wanted() || p.current != nil || p.cancel != nil || p.timer != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	to := p.to
	go func() {
		conn, err := p.options.Dial(ctx, "tcp", to)
		p.options.Loop.Post(func() {
			if ctx.Err() != nil {
				if err == nil {
					_ = conn.Close()
				}
				return
			}
			cancel()
			p.cancel = nil
			if err != nil {
				p.retry(reasonOf(err))
			} else {
				p.connected(conn)
			}
		})
	}()
}

func (p *Push) connected(conn net.Conn) {
	if p.next == nil {
		p.beginNext()
	}
	c := &connection{conn: conn, to: p.to, queue: p.next, interfaces: p.nextInterfaces, stall: p.timing.stall}
	c.onEnd = func(cause error) {
		p.options.Loop.Post(func() { p.ended(c, cause) })
	}
	p.current, p.next = c, nil
	p.status.Connections++
	p.status.LastError = ""
	c.start()
	p.options.Emit("stream connected", ConnectedEvent{p.to, c.interfaces})
	if p.closed != nil {
		p.endForGood()
	}
	p.options.Changed()
}

func (p *Push) ended(c *connection, cause error) {
	written, dropped := c.queue.counts()
	p.status.Packets += written
	p.status.Dropped += dropped
	onPurpose := p.ending
	p.current, p.ending = nil, false
	p.options.Emit("stream closed", ClosedEvent{c.to, written, dropped})
	if c.lasted >= p.timing.good {
		p.delay = p.timing.first
	}
	switch {
	case p.closed != nil && p.next == nil:
		p.endForGood()
	case onPurpose:
		p.follow()
	default:
		p.retry(reasonOf(cause))
	}
	p.options.Changed()
}

// retry says what is wrong, and sees to the next try.
func (p *Push) retry(reason string) {
	p.next = nil
	if p.closed != nil {
		p.endForGood()
		return
	}
	p.status.LastError = reason
	p.options.Emit("error", ErrorEvent{"stream to " + p.to + ": " + reason, p.delay.String()})
	p.timer = p.options.Loop.After(p.delay, func() {
		p.timer = nil
		p.follow()
	})
	p.delay = min(2*p.delay, p.timing.most)
	p.options.Changed()
}
