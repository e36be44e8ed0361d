// Package live captures to an output, for as long as somebody is there to read it: what `packet-capture stream` starts in a
// pod next to the capture that writes files.
package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	// buffer is the kernel's, for each interface.
	buffer = 4 << 20
	// lastPackets is how long what was sent before the end may take to get here.
	lastPackets = 300 * time.Millisecond
	// hubPatience is for the flows of the program that captures to files, when it is there.
	hubPatience = 2 * time.Second
)

// Refusal is something that is wrong with what was asked for.
type Refusal struct {
	// Setting is filter, interfaces or snaplen.
	Setting, Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Options say what to capture.
type Options struct {
	Interfaces settings.Interfaces
	Snaplen    settings.Snaplen
	Filter     string
	// AgentDir is the folder by which the agent's programs in the pod know each other's connections, to leave them out.
	AgentDir string
	// Output is a descriptor that takes pcapng.
	Output int
	// Compiler of the filter.
	Compiler *filter.Compiler
}

// Lost is what was counted of an interface.
type Lost struct {
	Interface string `json:"interface"`
	Packets   uint64 `json:"packets"`
	// Dropped by the kernel for want of room.
	Dropped uint64 `json:"dropped"`
}

// Capture is a capture to an output.
type Capture struct {
	options Options
	loop    *loop.Loop
	peer    *share.Peer
	// opening is held while sockets are opened, so that the flows are those of all of them.
	opening sync.Mutex
	opened  bool
	// others are the flows of the agent's other programs. Once the sockets are open they are the loop's.
	others []traffic.Flow
	merger *capture.Merger
	user   map[filter.LinkType]filter.Program
	writer writer
	began  time.Time
	ending bool
	err    error
}

// New opens the sockets. Its error is a *Refusal, or one that wraps unix.EPERM without NET_RAW, or another one.
func New(ctx context.Context, options Options) (*Capture, error) {
	wanted, err := choose(options.Interfaces)
	if err != nil {
		return nil, err
	}
	c := &Capture{options: options, user: map[filter.LinkType]filter.Program{}, writer: writer{fd: options.Output}}
	for _, one := range wanted {
		if err := c.compile(ctx, one); err != nil {
			return nil, err
		}
	}
	if c.loop, err = loop.New(); err != nil {
		return nil, err
	}
	c.peer = share.Join(options.AgentDir, c.onFlows)
	// Without the socket there is nobody to wait for.
	if unix.Access(share.SocketPath(options.AgentDir), unix.F_OK) == nil {
		c.peer.Known(hubPatience)
	}
	c.merger = &capture.Merger{Sink: &c.writer}
	if err := c.openAll(wanted); err != nil {
		return nil, err
	}
	return c, c.writeHead()
}

// openAll lets no flow change between its reading and the last socket.
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

// onFlows has other flows left out; it returns when they are. It comes from another goroutine.
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
		for _, source := range c.merger.Sources {
			program, err := c.program(source.Link)
			if err == nil {
				err = source.SetFilter(program)
			}
			if err != nil {
				c.fail(err)
			}
		}
	})
	select {
	case <-done:
	// The capture is at its end.
	case <-time.After(hubPatience):
	}
}

func choose(wanted settings.Interfaces) ([]capture.Interface, error) {
	all, err := links.List()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l links.Link) bool { return links.OfMirror(l.Name) })
	var chosen []capture.Interface
	if wanted.All {
		slices.SortFunc(all, func(a, b links.Link) int { return strings.Compare(a.Name, b.Name) })
		for _, l := range all {
			if l.Up && (l.Name != "lo" || wanted.Loopback) {
				chosen = append(chosen, capture.NewInterface(l.Name, l.Index, l.Hardware))
			}
		}
		if len(chosen) == 0 {
			return nil, &Refusal{"interfaces", "no interface is up that was asked for"}
		}
		return chosen, nil
	}
	for _, name := range wanted.Names {
		at := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
		if at < 0 {
			return nil, &Refusal{"interfaces", "there is no interface " + name}
		}
		if !slices.ContainsFunc(chosen, func(i capture.Interface) bool { return i.Name == name }) {
			chosen = append(chosen, capture.NewInterface(name, all[at].Index, all[at].Hardware))
		}
	}
	return chosen, nil
}

// compile makes the user's filter a program for the interface's link type.
func (c *Capture) compile(ctx context.Context, at capture.Interface) error {
	if _, done := c.user[at.Link]; done || c.options.Filter == "" {
		return nil
	}
	program, err := c.options.Compiler.Compile(ctx, c.options.Filter, at.Name, at.Link)
	if err != nil {
		setting := "interfaces"
		if isAboutFilter(err) {
			setting = "filter"
		}
		return &Refusal{setting, err.Error()}
	}
	c.user[at.Link] = program
	return nil
}

func isAboutFilter(err error) bool {
	return errors.As(err, new(*filter.SyntaxError)) || errors.As(err, new(*filter.UnknownHostError)) ||
		errors.As(err, new(*filter.TooCostlyError)) || errors.As(err, new(*filter.TooLongError))
}

func (c *Capture) program(link filter.LinkType) (filter.Program, error) {
	if c.options.Filter == "" && c.options.Snaplen == (settings.Snaplen{}) && len(c.others) == 0 {
		return nil, nil
	}
	return filter.Build(c.user[link], link, c.options.Snaplen, c.others)
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
	head := pcapng.AppendSection(nil, pcapng.Section{Application: "packet-capture-agent " + version.Version})
	for _, source := range c.merger.Sources {
		head = pcapng.AppendInterface(head, pcapng.Interface{
			Name: source.Name, Filter: c.options.Filter, Link: source.Link, Snaplen: uint32(c.options.Snaplen.Bytes),
		})
	}
	return c.writer.write(head)
}

// Run captures until End. Its error is that of the output.
func (c *Capture) Run() ([]Lost, error) {
	c.advance()
	if err := c.loop.Run(); err != nil {
		return nil, err
	}
	c.advance()
	return c.finish(), errors.Join(c.err, c.writer.err)
}

// End ends the capture, when what was sent until now is in it. It may be called from any goroutine.
func (c *Capture) End() {
	c.loop.Post(func() {
		if !c.ending {
			c.ending = true
			c.endWhenQuiet(time.Now().Add(lastPackets))
		}
	})
}

// endWhenQuiet waits until the kernel has handed over what it has.
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

// finish writes what was counted, and tells it.
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

// Reason is an error of New in words for people.
func Reason(err error) string {
	if errors.Is(err, unix.EPERM) {
		return "no permission to capture: the container has no NET_RAW"
	}
	return fmt.Sprint(err)
}
