package mirror

import (
	"time"

	"packet-capture/agent/internal/traffic"
)

// announced is the flow of the copies, once all captures leave it out.
type announced struct {
	flow    traffic.Flow
	release func()
	asking  bool
}

// announce has flows left out everywhere: here, and by the agent's other programs.
func (m *Mirror) announce(flows []traffic.Flow) error {
	m.onLoop(m.reattach)
	m.peer.Set(flows)
	return nil
}

// announceCopies has all captures in the pod leave the copies out, and reports whether they do. If not yet, it calls
// step when they do.
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
				m.step()
			} else if err == nil {
				go release()
			}
		})
	}()
	return false
}

// onAnnounced takes the result of announceCopies.
func (m *Mirror) onAnnounced(flow traffic.Flow, release func(), err error) {
	m.announced.asking = false
	if err != nil {
		m.retryLater(err)
		return
	}
	m.withdraw()
	m.announced = announced{flow: flow, release: release}
}

// withdraw ends the copies of the announced flow, if there are any, and a second later lets captures have the flow
// again.
func (m *Mirror) withdraw() {
	if release := m.announced.release; release != nil {
		if m.kernel.isActive() && m.kernel.target.flow() == m.announced.flow {
			m.clear()
		}
		time.AfterFunc(time.Second, release)
	}
	m.announced = announced{asking: m.announced.asking}
}
