// Package mirror has the kernel copy a pod's packets to a collector that takes VXLAN, by the pod's settings: docs/mirror.md.
//
// The copies are the kernel's own doing, by its packet classifier and its vxlan driver. They go on between the steps of this
// program, and when it is gone; so whatever is there at the start is taken away first, and after each change the kernel is
// asked what it has: it never copies more than was asked.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/traffic"
)

const (
	// longestDelay is between two tries; the first comes after one second.
	longestDelay = 30 * time.Second
	// lookUpEvery is for collectors with a name.
	lookUpEvery = time.Minute
	// countEvery is how often the devices' numbers are read while packets are copied.
	countEvery = 2 * time.Second
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
	delay    time.Duration

	collector collector
	compiled  compiled
	announced announced
	kernel    kernel
	status    status
}

// collector is the address behind the name.
type collector struct {
	address netip.Addr
	asking  bool
	again   *loop.Timer
}

// compiled is the user's filter.
type compiled struct {
	program filter.Program
	done    bool
	asking  bool
}

// announced is the flow of the copies, once all captures leave it out.
type announced struct {
	flow    traffic.Flow
	release func()
	asking  bool
}

// New makes a mirror, which waits for Take.
func New(l *loop.Loop, options Options) *Mirror {
	m := &Mirror{options: options, loop: l, delay: time.Second}
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

// Start takes away what another run has left, and looks for the agent's other programs.
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

// announce has flows left out everywhere: here, and by the agent's other programs.
func (m *Mirror) announce(flows []traffic.Flow) error {
	m.onLoop(m.reattach)
	m.peer.Set(flows)
	return nil
}

// Take takes new annotations.
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
		m.tellInvalid(one)
	}
	// Copies for one host must not go to another while its name is not known.
	if m.host() != host {
		m.collector.address = netip.Addr{}
	}
	m.forget()
	m.follow()
}

// forget ends what was begun for the settings of before.
func (m *Mirror) forget() {
	m.cancel()
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.retry.Stop()
	m.retry, m.delay = nil, time.Second
	m.collector.again.Stop()
	m.collector.again, m.collector.asking = nil, false
	m.compiled = compiled{}
	m.announced.asking = false
}

// then runs work in a goroutine of its own, and what it returns on the loop, unless the settings have changed meanwhile.
func (m *Mirror) then(work func(context.Context) func()) {
	ctx := m.ctx
	go func() {
		next := work(ctx)
		m.loop.Post(func() {
			if ctx.Err() == nil {
				next()
				m.follow()
			}
		})
	}()
}

func (m *Mirror) host() string {
	if m.settings.Mirror == nil {
		return ""
	}
	return m.settings.Mirror.Host
}

// Terminate ends the mirror, as at SIGTERM.
func (m *Mirror) Terminate() {
	m.terminated = true
	m.forget()
	m.follow()
	m.options.Log.Emit("stopped")
	m.loop.Stop()
}

// Changed is to be called when interfaces have changed.
func (m *Mirror) Changed() {
	if m.known {
		m.follow()
	}
}

// follow makes one step towards what the settings want. It is called whenever anything has changed.
func (m *Mirror) follow() {
	defer m.tell()
	if !m.wants() {
		m.end()
		return
	}
	chosen, err := choose(m.settings.Interfaces)
	if err != nil {
		m.fail(err)
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
		m.fail(err)
		return
	}
	if !m.findCollector() || !m.compile() {
		return
	}
	to, err := wayTo(m.collector.address, *m.settings.Mirror, m.settings.Filter)
	if err != nil {
		m.fail(err)
		return
	}
	if !m.announceCopies(to) {
		return
	}
	m.copy(to, chosen)
}

func (m *Mirror) wants() bool {
	return m.settings.Mirror != nil && !settings.Stopped(m.invalid) && !m.settings.Idle && !m.terminated
}

// findCollector looks a name up once a minute. It keeps its address while that still is one of its own; while the name
// server does not know it, the copies go where they went before.
func (m *Mirror) findCollector() bool {
	host := m.settings.Mirror.Host
	if address, err := netip.ParseAddr(host); err == nil {
		m.collector.address = address.Unmap()
		return true
	}
	if !m.collector.asking && m.collector.again == nil {
		m.collector.asking = true
		m.then(func(ctx context.Context) func() {
			found, err := m.dialer.Resolver.LookupNetIP(ctx, "ip", host)
			return func() { m.onLookUp(host, found, err) }
		})
	}
	return m.collector.address.IsValid()
}

func (m *Mirror) onLookUp(host string, found []netip.Addr, err error) {
	c := &m.collector
	c.asking = false
	if err == nil && len(found) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil && !c.address.IsValid() {
		m.fail(fmt.Errorf("%s: %s", host, traffic.Reason(err)))
		return
	}
	c.again = m.loop.After(lookUpEvery, func() {
		c.again = nil
		m.follow()
	})
	if err != nil {
		m.tellError(fmt.Errorf("%s: %s", host, traffic.Reason(err)), lookUpEvery)
		return
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	if !slices.Contains(found, c.address) {
		c.address = found[0]
	}
}

// compile makes the user's filter a program, once.
func (m *Mirror) compile() bool {
	if m.compiled.done || m.compiled.asking {
		return m.compiled.done
	}
	if word := unfit(m.settings.Filter); word != "" {
		m.fail(errors.New("the filter has vlan, inbound or outbound, which the kernel's copies cannot be chosen by"))
		return false
	}
	m.compiled.asking = true
	expression := m.settings.Filter
	m.then(func(ctx context.Context) func() {
		program, err := m.options.Compile(ctx, expression)
		return func() { m.onCompiled(program, err) }
	})
	return false
}

func (m *Mirror) onCompiled(program filter.Program, err error) {
	m.compiled.asking = false
	var unknown *filter.UnknownHostError
	switch reason := lasting(err); {
	case err == nil:
		m.compiled.program, m.compiled.done = program, true
	case reason != "":
		m.refuseFilter(reason)
	case errors.As(err, &unknown):
		// The name server may know it later.
		m.fail(fmt.Errorf("filter: %s", unknown.Reason))
	default:
		m.fail(err)
	}
}

// refuseFilter: the filter is an invalid setting.
func (m *Mirror) refuseFilter(reason string) {
	one := settings.Invalid{Setting: "filter", Value: m.settings.Filter, Reason: reason}
	m.invalid = append(m.invalid, one)
	m.tellInvalid(one)
}

// announceCopies: true when all captures leave the copies out.
func (m *Mirror) announceCopies(to target) bool {
	flow := to.flow()
	if m.announced.release != nil && m.announced.flow == flow {
		return true
	}
	if m.announced.asking {
		return false
	}
	m.announced.asking = true
	if !m.kernel.isActive() {
		m.status.set("waiting", "captures are to leave the copies out first", m.values["mirror"])
	}
	ctx := m.ctx
	go func() {
		release, err := m.registry.Add(flow)
		m.loop.Post(func() {
			if ctx.Err() == nil {
				m.onAnnounced(flow, release, err)
				m.follow()
			} else if err == nil {
				go release()
			}
		})
	}()
	return false
}

func (m *Mirror) onAnnounced(flow traffic.Flow, release func(), err error) {
	m.announced.asking = false
	if err != nil {
		m.fail(err)
		return
	}
	m.withdraw()
	m.announced = announced{flow: flow, release: release}
}

// withdraw lets captures have the flow of before again: there are no copies of it any more.
func (m *Mirror) withdraw() {
	if release := m.announced.release; release != nil {
		if m.kernel.isActive() && m.kernel.target.flow() == m.announced.flow {
			m.clear()
		}
		time.AfterFunc(time.Second, release)
	}
	m.announced = announced{asking: m.announced.asking}
}

// copy has the kernel do what is wanted now, and changes no more than differs.
func (m *Mirror) copy(to target, chosen interfaces) {
	if m.kernel.does(to, chosen, m.compiled.program) {
		return
	}
	if m.kernel.isActive() && (m.kernel.target != to || !chosen.hasDevices) {
		m.clear()
	}
	if err := m.kernel.start(to, chosen.mirrored, m.compiled.program); err != nil {
		m.onKernelError(err)
		return
	}
	m.delay = time.Second
	m.status.mirroring(m.values["mirror"], to.collector, chosen)
	members := []events.Member{
		{Name: "to", Value: m.values["mirror"]},
		{Name: "address", Value: to.collector.String()},
		{Name: "interfaces", Value: namesOf(chosen.mirrored)},
	}
	if len(chosen.without) > 0 {
		members = append(members, events.Member{Name: "without", Value: chosen.without})
	}
	m.options.Log.Emit("mirror started", append(members, events.Member{Name: "filter", Value: m.values["filter"]})...)
	m.count()
}

func (m *Mirror) onKernelError(err error) {
	if reason := lasting(err); reason != "" {
		m.refuseFilter(reason)
		m.end()
		return
	}
	m.fail(err)
}

// reattach puts the filters in force again, with other flows of the agent's own.
func (m *Mirror) reattach() {
	if !m.kernel.isActive() {
		return
	}
	if err := m.kernel.reattach(); err != nil {
		m.onKernelError(err)
		m.tell()
	}
}

// count reads the devices' numbers again and again while packets are copied.
func (m *Mirror) count() {
	if m.status.timer != nil || !m.kernel.isActive() {
		return
	}
	m.status.timer = m.loop.After(countEvery, func() {
		m.status.timer = nil
		m.tell()
		m.count()
	})
}

// fail copies nothing, says why, and tries again later.
func (m *Mirror) fail(err error) {
	m.clear()
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("the container has no NET_ADMIN: %w", err)
	}
	m.tellError(err, m.delay)
	m.status.set("waiting", words(err), m.values["mirror"])
	m.retry.Stop()
	m.retry = m.loop.After(m.delay, func() {
		m.retry = nil
		m.follow()
	})
	m.delay = min(2*m.delay, longestDelay)
}

// end: nothing is copied any more, as is wanted.
func (m *Mirror) end() {
	if m.kernel.isActive() {
		m.clear()
		sum := m.status.past
		m.options.Log.Emit("mirror stopped",
			events.Member{Name: "packets", Value: sum.packets},
			events.Member{Name: "bytes", Value: sum.bytes},
			events.Member{Name: "dropped", Value: sum.dropped})
	}
	m.withdraw()
	switch {
	case m.terminated:
		m.status.set("stopped", "", m.values["mirror"])
	case m.values["mirror"] == "":
		m.status.set("idle", "mirror is not set", "")
	case settings.Stopped(m.invalid) || m.settings.Mirror == nil:
		var names []string
		for _, one := range m.invalid {
			names = append(names, one.Setting)
		}
		m.status.set("invalid", "not valid: "+strings.Join(names, " "), m.values["mirror"])
	default:
		m.status.set("idle", "state", m.values["mirror"])
	}
}

// clear takes away all that there is, also what another run of this program has left.
func (m *Mirror) clear() {
	if m.kernel.isActive() {
		m.status.keep()
	}
	if err := m.kernel.clear(); err != nil {
		m.tellError(fmt.Errorf("cannot take the mirror back: %w", err), 0)
	}
}

// tell writes what has changed.
func (m *Mirror) tell() {
	m.status.write(m.kernel.isActive())
}

func (m *Mirror) tellError(err error, retry time.Duration) {
	reason := words(err)
	if m.values["mirror"] != "" {
		reason = fmt.Sprintf("mirror to %s: %s", m.values["mirror"], reason)
	}
	members := []events.Member{{Name: "reason", Value: reason}}
	if retry > 0 {
		members = append(members, events.Member{Name: "retry", Value: fmt.Sprintf("%ds", int(retry.Seconds()))})
	}
	m.options.Log.Emit("error", members...)
}

func (m *Mirror) tellInvalid(one settings.Invalid) {
	m.options.Log.Emit("invalid setting",
		events.Member{Name: "setting", Value: one.Setting},
		events.Member{Name: "value", Value: one.Value},
		events.Member{Name: "reason", Value: one.Reason})
}
