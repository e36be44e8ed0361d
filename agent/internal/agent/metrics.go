package agent

import (
	"context"
	"errors"
	"syscall"
	"time"

	"packet-capture/agent/internal/status"
)

// metricsRetry is the time until a port that is in use is tried again.
const metricsRetry = 30 * time.Second

// startMetrics serves metrics if the sidecar has a port for them. An error there does not affect the capture.
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
