package agent

import (
	"time"

	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/traffic"
)

// hubRetry is the time until the hub is tried again.
const hubRetry = 30 * time.Second

// startHub exchanges own connections with the agent's other programs in the pod, so that no capture holds them.
func (a *Agent) startHub() {
	hub, err := share.NewHub(a.options.AgentDir, a.leaveOutFlows)
	if err == nil {
		a.hub = hub
		return
	}
	// The volume may become writable later.
	a.loop.After(hubRetry, func() {
		if !a.terminating {
			a.startHub()
		}
	})
}

// shareFlows has all captures in the pod leave these connections out, and returns when they do. Any goroutine but the
// loop's may call it.
func (a *Agent) shareFlows(flows []traffic.Flow) error {
	hub := make(chan *share.Hub, 1)
	a.loop.Post(func() { hub <- a.hub })
	if h := <-hub; h != nil {
		return h.Set(flows)
	}
	return a.leaveOutFlows(flows)
}

// leaveOutFlows has this program's captures leave connections out, and returns when they do. Any goroutine but the loop's
// may call it.
func (a *Agent) leaveOutFlows(flows []traffic.Flow) error {
	done := make(chan error, 1)
	a.loop.Post(func() { done <- a.session.setFlows(flows) })
	return <-done
}
