// Package mirror has the kernel copy a pod's packets to a collector that takes VXLAN, by the pod's settings:
// docs/mirror.md.
//
// The copies are the kernel's own doing, by its packet classifier and its vxlan driver. They go on between the steps of
// this program, and when it is gone; so whatever is there at the start is taken away first, and after each change the
// kernel is asked what it has: it never copies more than was asked.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/backoff"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/traffic"
)

// firstRetry and longestRetry are the first and the longest time until a mirror that failed is tried again.
const (
	firstRetry   = time.Second
	longestRetry = 30 * time.Second
)

// Options are what a mirror works with.
type Options struct {
	// AgentDir is the folder of the agent's own files, which its programs share.
	AgentDir string
	Platform settings.Platform
	Log      *events.Log
	// Compile makes a program for Ethernet out of the user's expression; the errors are those of filter.Compiler.
	Compile func(ctx context.Context, expression string) (filter.Program, error)
}

// Mirror follows the settings. But for Peer's calls all of it runs on the loop.
type Mirror struct {
	options  Options
	loop     *loop.Loop
	peer     *share.Peer
	registry *traffic.Registry
	dialer   *traffic.Dialer
	// others are the flows of the agent's other programs.
	others []traffic.Flow

	// given are the effective settings, values those that are used: annotations of locked ones do not count.
	given      settings.Values
	values     settings.Values
	settings   settings.Settings
	invalid    []settings.Invalid
	known      bool
	terminated bool
	// ctx ends what was begun for settings that are no longer wanted.
	ctx    context.Context
	cancel context.CancelFunc

	// present and missing interfaces, as text: when they change, what failed is tried again.
	waitsFor string
	retry    *loop.Timer
	retries  backoff.Backoff

	collector collector
	compiled  compiled
	announced announced
	kernel    kernel
	status    status
}

// New makes a mirror, which copies nothing before Start and Take.
func New(l *loop.Loop, options Options) *Mirror {
	m := &Mirror{options: options, loop: l, retries: backoff.Backoff{First: firstRetry, Most: longestRetry}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.registry = traffic.NewRegistry(m.announce)
	m.dialer = traffic.NewDialer(m.registry)
	m.kernel.build = func(user filter.Program) (filter.Program, error) {
		flows := append(m.registry.Flows(), m.others...)
		return filter.Build(user, filter.Ethernet, settings.Snaplen{}, flows)
	}
	m.status.init(options.AgentDir)
	return m
}

// Start removes what another run has left in the kernel, and connects to the agent's other programs in the pod.
func (m *Mirror) Start() {
	m.clear()
	m.peer = share.Join(m.options.AgentDir, func(others []traffic.Flow) {
		m.onLoop(func() {
			m.others = others
			m.reattach()
		})
	})
}

// onLoop calls fn on the loop and waits for its end. It is for other goroutines.
func (m *Mirror) onLoop(fn func()) {
	done := make(chan struct{})
	m.loop.Post(func() {
		defer close(done)
		fn()
	})
	<-done
}

// Take takes the annotations whenever they may have changed. It does nothing if the effective settings are those of
// before; otherwise it reports the changes, except the first time, cancels the steps for the previous settings, and
// makes the next one.
func (m *Mirror) Take(annotations settings.Values) {
	before := m.given
	m.given = m.options.Platform.Effective(annotations)
	m.values = m.options.Platform.InForce(m.given)
	if m.known {
		changes := changesOf(before, m.given)
		if len(changes) == 0 {
			return
		}
		m.options.Log.Emit("settings changed", events.Member{Name: "changes", Value: changes})
	}
	m.known = true
	host := m.host()
	m.settings, m.invalid = settings.Parse(annotations, m.options.Platform)
	for _, one := range m.invalid {
		m.reportInvalid(one)
	}
	// Copies for one host must not go to another while its name is not known.
	if m.host() != host {
		m.collector.address = netip.Addr{}
	}
	m.cancelSteps()
	m.step()
}

// cancelSteps cancels the steps that were begun for the previous settings: goroutines, retries, and the compiled
// filter. The kernel's copies stay.
func (m *Mirror) cancelSteps() {
	m.cancel()
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.retry.Stop()
	m.retry = nil
	m.retries.Reset()
	m.collector.again.Stop()
	m.collector.again, m.collector.asking = nil, false
	m.compiled = compiled{}
	m.announced.asking = false
}

// inBackground runs work in a goroutine of its own. The function that work returns is called on the loop, and then
// step; neither is if the settings have changed meanwhile.
func (m *Mirror) inBackground(work func(context.Context) func()) {
	ctx := m.ctx
	go func() {
		next := work(ctx)
		m.loop.Post(func() {
			if ctx.Err() == nil {
				next()
				m.step()
			}
		})
	}()
}

// host is the collector's host in the settings; empty if no mirror is set.
func (m *Mirror) host() string {
	if m.settings.Mirror == nil {
		return ""
	}
	return m.settings.Mirror.Host
}

// Terminate ends the mirror, as at SIGTERM: the copies, the final status, the event, and the loop.
func (m *Mirror) Terminate() {
	m.terminated = true
	m.cancelSteps()
	m.step()
	m.options.Log.Emit("stopped")
	m.loop.Stop()
}

// Changed is to be called when interfaces, addresses, routes or filters of the pod have changed.
func (m *Mirror) Changed() {
	if m.known {
		m.step()
	}
}

// step does what is next towards the copies that the settings want: choose interfaces, find the collector, compile the
// filter, announce the copies' flow, make the copies. It returns where it has to wait, and is called again whenever
// anything has changed.
func (m *Mirror) step() {
	defer m.writeStatus()
	if !m.wants() {
		m.stopCopies()
		return
	}
	chosen, err := choose(m.settings.Interfaces)
	if err != nil {
		m.retryLater(err)
		return
	}
	if waits := chosen.text(); waits != m.waitsFor {
		m.waitsFor = waits
		m.retry.Stop()
		m.retry = nil
	}
	if m.retry != nil {
		return
	}
	if err := chosen.problem(); err != nil {
		m.retryLater(err)
		return
	}
	if !m.findCollector() || !m.compile() {
		return
	}
	to, err := wayTo(m.collector.address, *m.settings.Mirror, m.settings.Filter)
	if err != nil {
		m.retryLater(err)
		return
	}
	if !m.announceCopies(to) {
		return
	}
	m.updateCopies(to, chosen)
}

// wants reports whether the settings want copies.
func (m *Mirror) wants() bool {
	return m.settings.Mirror != nil && !settings.Stopped(m.invalid) && !m.settings.Idle && !m.terminated
}

// retryLater ends the copies, reports err, enters waiting, and calls step after the next delay of retries.
func (m *Mirror) retryLater(err error) {
	m.clear()
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("the container has no NET_ADMIN: %w", err)
	}
	delay := m.retries.Next()
	m.reportError(err, delay)
	m.status.set("waiting", words(err), m.values["mirror"])
	m.retry.Stop()
	m.retry = m.loop.After(delay, func() {
		m.retry = nil
		m.step()
	})
}
