package agent

import (
	"context"
	"errors"
	"syscall"
	"time"

	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/status"
	"packet-capture/agent/internal/traffic"
)

// startHub lets the other programs in the pod know of this one's connections, and this one of theirs.
func (a *Agent) startHub() {
	hub, err := share.NewHub(a.options.AgentDir, a.applyFlows)
	if err == nil {
		a.hub = hub
		return
	}
	// The volume may be one that cannot be written to yet.
	a.loop.After(lastRetry, func() {
		if !a.terminating {
			a.startHub()
		}
	})
}

// shareFlows puts the agent's own connections in force everywhere. It is called by goroutines.
func (a *Agent) shareFlows(flows []traffic.Flow) error {
	hub := make(chan *share.Hub, 1)
	a.loop.Post(func() { hub <- a.hub })
	if h := <-hub; h != nil {
		return h.Set(flows)
	}
	return a.applyFlows(flows)
}

// applyFlows has this program's own captures leave connections out. It is called by goroutines.
func (a *Agent) applyFlows(flows []traffic.Flow) error {
	done := make(chan error, 1)
	a.loop.Post(func() { done <- a.live.setFlows(flows) })
	return <-done
}

// metricsRetry is how long a port is waited for that somebody else has.
const metricsRetry = 30 * time.Second

// startMetrics answers Prometheus, if the sidecar has a port for it. The capture goes on without.
func (a *Agent) startMetrics() {
	address := a.options.MetricsListen
	if address == "" {
		return
	}
	a.metrics = status.NewServer()
	var serve func()
	serve = func() {
		go func() {
			err := a.metrics.Serve(context.Background(), address)
			a.loop.Post(func() {
				if a.terminating {
					return
				}
				a.emitError("metrics: "+metricsProblem(address, err), metricsRetry)
				a.loop.After(metricsRetry, serve)
			})
		}()
	}
	serve()
}

func metricsProblem(address string, err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return "port " + address[1:] + " is taken"
	}
	return err.Error()
}
