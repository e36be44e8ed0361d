// Package push sends packets to a collector while they are captured: pcapng over TCP (PCAP over IP).
//
// It does not affect the capture files: the capture hands over encoded packets, and never waits. docs/stream-push.md
// describes its behaviour.
package push

import (
	"context"
	"net"
	"time"

	"packet-capture/agent/internal/backoff"
	"packet-capture/agent/internal/loop"
)

// timing is how long things may take.
type timing struct {
	// good: after a connection that lasted that long, the delay until the next try is the first one again.
	good time.Duration
	// stall is how long the collector may read nothing while there is something to read.
	stall time.Duration
	// end is the time to write the rest of the queue when a connection is ended on purpose.
	end time.Duration
}

var usual = timing{good: 10 * time.Second, stall: 30 * time.Second, end: 400 * time.Millisecond}

// Push does what the setting `stream` asks for. Its methods are called on the loop.
type Push struct {
	options Options
	timing  timing
	// to is the destination as the user wrote it; empty: nothing is pushed.
	to      string
	buffer  int
	running bool
	// current is the connection, or nil; ending: it is being ended on purpose.
	current *connection
	ending  bool
	// next is the queue of the following connection, while a connection is replaced because of a change of settings: no
	// packet is missing in between.
	next           *queue
	nextInterfaces []string
	// cancel ends the current try to connect; nil if there is none.
	cancel context.CancelFunc
	timer  *loop.Timer
	// retries are the delays between two tries to connect.
	retries backoff.Backoff
	// closed is called when Close has finished.
	closed func()
	status Status
}

// New makes a Push. It connects after Set and Run.
func New(options Options) *Push {
	return &Push{options: options, timing: usual, retries: backoff.Backoff{First: time.Second, Most: 30 * time.Second}}
}

// Set sets the destination, HOST:PORT as the user wrote it or empty, and how many bytes may wait for the collector to
// read.
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

// Run sets whether packets are captured now.
func (p *Push) Run(running bool) {
	if running == p.running {
		return
	}
	p.running = running
	if running {
		p.forgetFailures()
		p.follow()
	} else {
		p.end(false)
	}
	p.options.Changed()
}

// Restart replaces the connection at once: settings or interfaces have changed, and Header with them. Packets that are
// written from now on belong to the new connection.
func (p *Push) Restart() {
	p.forgetFailures()
	p.end(p.current != nil && !p.ending || p.next != nil)
	p.follow()
	p.options.Changed()
}

// Write takes encoded packets that were just captured. data is copied.
func (p *Push) Write(data []byte, packets int) {
	switch {
	case p.current != nil && !p.ending:
		p.current.queue.add(data, packets)
	case p.next != nil:
		p.next.add(data, packets)
	}
}

// Takes reports whether Write would keep packets.
func (p *Push) Takes() bool {
	return p.current != nil && !p.ending || p.next != nil
}

// Describe takes the description of one more interface, to which the next packets may refer.
func (p *Push) Describe(description []byte) {
	switch {
	case p.current != nil && !p.ending:
		p.current.queue.begin(description)
	case p.next != nil:
		p.next.begin(description)
	}
}

// Close ends the push; done is called on the loop when all captured packets are written, or the collector has not read
// them within 0.4 seconds.
func (p *Push) Close(done func()) {
	p.closed = done
	if p.next == nil || !p.wanted() {
		p.endForGood()
		return
	}
	// A change of settings has just closed a connection, and packets captured since then wait for the next one.
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

// Status is nil when there is no destination.
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

// forgetFailures resets the delays and the last error: the next try is at once.
func (p *Push) forgetFailures() {
	p.retries.Reset()
	p.status.LastError = ""
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// stopDialing ends the current try to connect.
func (p *Push) stopDialing() {
	if p.cancel != nil {
		p.cancel()
		p.cancel = nil
	}
}

// end ends the connection. With keep, packets from now on are kept for the following connection.
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

// beginNext begins the next connection's queue, or another section in it, with the current header.
func (p *Push) beginNext() {
	if p.next == nil {
		p.next = newQueue(p.buffer)
	}
	header, interfaces := p.options.Header()
	p.next.begin(header)
	p.nextInterfaces = interfaces
}

// follow tries to connect, unless that is done already or not wanted.
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
		p.retries.Reset()
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

// retry reports what is wrong, and schedules the next try.
func (p *Push) retry(reason string) {
	p.next = nil
	if p.closed != nil {
		p.endForGood()
		return
	}
	p.status.LastError = reason
	delay := p.retries.Next()
	p.options.Emit("error", ErrorEvent{"stream to " + p.to + ": " + reason, delay.String()})
	p.timer = p.options.Loop.After(delay, func() {
		p.timer = nil
		p.follow()
	})
	p.options.Changed()
}
