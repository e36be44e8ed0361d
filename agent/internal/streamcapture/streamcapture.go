// Package streamcapture captures to an output for as long as somebody reads it: `packet-capture stream` starts it in a
// pod next to the capture that writes files.
package streamcapture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/traffic"
	"packet-capture/agent/internal/version"
)

const (
	// buffer is the size of the kernel's buffer for each interface, in bytes.
	buffer = 4 << 20
	// lastPackets is how long packets that were sent before the end may take to arrive.
	lastPackets = 300 * time.Millisecond
	// hubPatience is how long to wait for the flows of the program that captures to files, if it runs.
	hubPatience = 2 * time.Second
)

// Refusal is an option that cannot be captured with.
type Refusal struct {
	// Setting is filter, interfaces or snaplen.
	Setting, Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Options of a capture.
type Options struct {
	Interfaces settings.Interfaces
	Snaplen    settings.Snaplen
	Filter     string
	// Comment of the section, or empty.
	Comment string
	// AgentDir is the folder through which the agent's programs in the pod exchange their own connections, to leave
	// them out.
	AgentDir string
	// Output is the descriptor that pcapng is written to.
	Output int
	// Compiler of the filter.
	Compiler *filter.Compiler
}

// Lost holds the counters of an interface.
type Lost struct {
	Interface string `json:"interface"`
	Packets   uint64 `json:"packets"`
	// Dropped packets found no room in the kernel's buffer.
	Dropped uint64 `json:"dropped"`
}

// Capture is a capture to an output.
type Capture struct {
	options Options
	loop    *loop.Loop
	peer    *share.Peer
	// opening is held while sockets are opened, so that all of them get the same flows.
	opening sync.Mutex
	opened  bool
	// others are the flows of the agent's other programs. Once the sockets are open, only the loop uses them.
	others []traffic.Flow
	merger *capture.Merger
	// chosen is in force. Once the sockets are open, only the loop uses it.
	chosen chosen
	writer writer
	began  time.Time
	ending bool
	err    error
}

// chosen is what Set replaces.
type chosen struct {
	expression string
	snaplen    settings.Snaplen
	// user has the expression's programs.
	user map[filter.LinkType]filter.Program
}

// New opens the sockets. Its error is a *Refusal, or wraps unix.EPERM if the container has no NET_RAW, or is another
// one.
func New(ctx context.Context, options Options) (*Capture, error) {
	wanted, err := choose(options.Interfaces)
	if err != nil {
		return nil, err
	}
	c := &Capture{options: options, writer: writer{fd: options.Output}}
	c.chosen = chosen{options.Filter, options.Snaplen, map[filter.LinkType]filter.Program{}}
	for _, one := range wanted {
		if err := c.compile(ctx, c.chosen.user, options.Filter, one); err != nil {
			return nil, err
		}
	}
	if c.loop, err = loop.New(); err != nil {
		return nil, err
	}
	c.peer = share.Join(options.AgentDir, c.onFlows)
	// Without the socket there is no hub to wait for.
	if unix.Access(share.SocketPath(options.AgentDir), unix.F_OK) == nil {
		c.peer.Known(hubPatience)
	}
	c.merger = &capture.Merger{Sink: &c.writer}
	if err := c.openAll(wanted); err != nil {
		return nil, err
	}
	return c, c.writeHead()
}

// openAll opens all sockets; the flows do not change meanwhile.
func (c *Capture) openAll(wanted []capture.Interface) error {
	c.opening.Lock()
	defer c.opening.Unlock()
	c.began = time.Now()
	for number, one := range wanted {
		if err := c.open(one, uint32(number)); err != nil {
			return err
		}
	}
	c.opened = true
	return nil
}

// onFlows replaces the flows that are left out, and returns when they are. Another goroutine calls it.
func (c *Capture) onFlows(others []traffic.Flow) {
	c.opening.Lock()
	opened := c.opened
	if !opened {
		c.others = others
	}
	c.opening.Unlock()
	if !opened {
		return
	}
	done := make(chan struct{})
	c.loop.Post(func() {
		defer close(done)
		c.others = others
		if err := c.setPrograms(); err != nil {
			c.fail(err)
		}
	})
	select {
	case <-done:
	// The capture is ending.
	case <-time.After(hubPatience):
	}
}

func choose(wanted settings.Interfaces) ([]capture.Interface, error) {
	all, err := links.List()
	if err != nil {
		return nil, err
	}
	present, missing := capture.Choose(all, wanted)
	switch {
	case len(missing) > 0:
		return nil, &Refusal{"interfaces", "there is no interface " + missing[0]}
	case len(present) == 0:
		return nil, &Refusal{"interfaces", "none of the interfaces is up"}
	}
	return present, nil
}

// compile compiles the user's filter for the interface's link type.
func (c *Capture) compile(
	ctx context.Context, user map[filter.LinkType]filter.Program, expression string, at capture.Interface,
) error {
	if _, done := user[at.Link]; done || expression == "" {
		return nil
	}
	program, err := c.options.Compiler.Compile(ctx, expression, at.Name, at.Link)
	if err != nil {
		setting := "interfaces"
		if filter.IsAboutExpression(err) {
			setting = "filter"
		}
		return &Refusal{setting, err.Error()}
	}
	user[at.Link] = program
	return nil
}

func (c *Capture) program(link filter.LinkType) (filter.Program, error) {
	if c.chosen.expression == "" && c.chosen.snaplen == (settings.Snaplen{}) && len(c.others) == 0 {
		return nil, nil
	}
	return filter.Build(c.chosen.user[link], link, c.chosen.snaplen, c.others)
}

func (c *Capture) open(at capture.Interface, number uint32) error {
	program, err := c.program(at.Link)
	if err != nil {
		return &Refusal{"filter", err.Error()}
	}
	socket, err := capture.Open(at, capture.Options{Buffer: buffer, Snaplen: c.options.Snaplen.Bytes, Program: program})
	if err != nil {
		return err
	}
	c.merger.Sources = append(c.merger.Sources, &capture.Source{Socket: socket, Number: number})
	return c.loop.AddEdge(socket.FD(), c.advance)
}

func (c *Capture) writeHead() error {
	head := pcapng.AppendSection(nil, pcapng.Section{Application: "packet-capture-agent " + version.Version, Comment: c.options.Comment})
	for _, source := range c.merger.Sources {
		head = pcapng.AppendInterface(head, pcapng.Interface{
			Name: source.Name, Filter: c.options.Filter, Link: source.Link, Snaplen: uint32(c.options.Snaplen.Bytes),
		})
	}
	return c.writer.write(head)
}

// Run captures until End. Its error is the output's.
func (c *Capture) Run() ([]Lost, error) {
	c.advance()
	if err := c.loop.Run(); err != nil {
		return nil, err
	}
	c.advance()
	return c.finish(), errors.Join(c.err, c.writer.err)
}

// End ends the capture after the packets that were sent until now. It may be called from any goroutine.
func (c *Capture) End() {
	c.loop.Post(func() {
		if !c.ending {
			c.ending = true
			c.endWhenQuiet(time.Now().Add(lastPackets))
		}
	})
}

// endWhenQuiet stops the loop when the kernel has handed over all packets, or at the deadline.
func (c *Capture) endWhenQuiet(deadline time.Time) {
	c.loop.After(2*capture.Retire, func() {
		c.advance()
		busy := slices.ContainsFunc(c.merger.Sources, func(s *capture.Source) bool { return !s.Idle() })
		if busy && time.Now().Before(deadline) {
			c.endWhenQuiet(deadline)
			return
		}
		c.loop.Stop()
	})
}

func (c *Capture) fail(err error) {
	c.err = errors.Join(c.err, err)
	c.loop.Stop()
}

func (c *Capture) advance() {
	c.merger.Advance(time.Now().UnixNano())
	if c.writer.err != nil {
		c.loop.Stop()
	}
}

// finish writes the counters and returns them.
func (c *Capture) finish() []Lost {
	var all []Lost
	var blocks []byte
	for _, source := range c.merger.Sources {
		stats, err := source.Stats()
		if err != nil {
			continue
		}
		all = append(all, Lost{source.Name, stats.Received - stats.Dropped, stats.Dropped})
		blocks = pcapng.AppendStatistics(blocks, source.Number, pcapng.Statistics{
			Start: c.began, End: time.Now(), Accepted: stats.Received, Dropped: stats.Dropped,
		})
	}
	_ = c.writer.write(blocks)
	return all
}

// Reason is an error of New or Run in words for people.
func Reason(err error) string {
	if errors.Is(err, unix.EPERM) {
		return "no permission to capture: the container has no NET_RAW"
	}
	return fmt.Sprint(err)
}
