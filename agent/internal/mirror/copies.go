package mirror

import (
	"fmt"
	"strings"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/settings"
)

// countEvery is how often the devices' numbers are read while packets are copied.
const countEvery = 2 * time.Second

// updateCopies makes the kernel's copies those that are wanted now, and changes no more than differs. It retries later
// if another program has removed a filter, or if the kernel refuses.
func (m *Mirror) updateCopies(to target, chosen interfaces) {
	if m.kernel.isActive() && chosen.hasDevices {
		if name := m.kernel.lost(); name != "" {
			m.retryLater(fmt.Errorf("another program has removed the mirror's filter from %s", name))
			return
		}
	}
	if m.kernel.copies(to, chosen, m.compiled.program) {
		return
	}
	if m.kernel.isActive() && (m.kernel.target != to || !chosen.hasDevices) {
		m.clear()
	}
	if err := m.kernel.start(to, chosen.mirrored, m.compiled.program); err != nil {
		m.onKernelError(err)
		return
	}
	m.retries.Reset()
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
	m.scheduleCount()
}

// onKernelError makes the filter an invalid setting if err is about it for good; after any other error it is tried
// again.
func (m *Mirror) onKernelError(err error) {
	if reason := lasting(err); reason != "" {
		m.refuseFilter(reason)
		m.stopCopies()
		return
	}
	m.retryLater(err)
}

// reattach replaces the filters of a running mirror by ones that leave out the current flows of the agent's own.
func (m *Mirror) reattach() {
	if !m.kernel.isActive() {
		return
	}
	if err := m.kernel.reattach(); err != nil {
		m.onKernelError(err)
		m.writeStatus()
	}
}

// scheduleCount writes the status every two seconds while packets are copied, since the devices' numbers grow.
func (m *Mirror) scheduleCount() {
	if m.status.timer != nil || !m.kernel.isActive() {
		return
	}
	m.status.timer = m.loop.After(countEvery, func() {
		m.status.timer = nil
		m.writeStatus()
		m.scheduleCount()
	})
}

// stopCopies ends the copies, if there are any, as the settings want it, and enters stopped, idle or invalid.
func (m *Mirror) stopCopies() {
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

// clear removes all copies and the mirror's interfaces from the kernel, also what another run of this program has left,
// and adds their numbers to the past ones.
func (m *Mirror) clear() {
	if m.kernel.isActive() {
		m.status.addToPast()
	}
	if err := m.kernel.clear(); err != nil {
		m.reportError(fmt.Errorf("cannot take the mirror back: %w", err), 0)
	}
}
