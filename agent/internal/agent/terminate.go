package agent

import (
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/status"
)

const (
	// drainTime: the capture goes on for that long after SIGTERM, for what the app still says.
	drainTime = time.Second
	// uploadTime is for files that wait to be uploaded then, the last one with them. Together with the second before,
	// it fits into the grace period that a pod usually has.
	uploadTime = 18 * time.Second
)

// Terminate ends the agent: what is captured in the next second is kept, and then the loop stops.
func (a *Agent) Terminate() {
	if a.terminating {
		return
	}
	a.terminating = true
	a.keeper.terminatedAt = time.Now()
	a.stopPreparing()
	a.retryTimer.Stop()
	a.durationTimer.Stop()
	wait := time.Duration(0)
	if a.session.running {
		wait = drainTime
	}
	a.loop.After(wait, func() {
		a.session.stop(func() {
			a.rotateTimer.Stop()
			a.keeper.end(func() {
				a.push.Close(func() { a.upload.Close(uploadTime, a.stopped) })
			})
		})
	})
}

// stopped is Terminate's last step: event, final status, hub closed, loop stopped.
func (a *Agent) stopped() {
	totals := a.recorder.Totals()
	a.emit("stopped",
		events.Member{Name: "files", Value: totals.Files},
		events.Member{Name: "packets", Value: totals.Packets},
		events.Member{Name: "bytes", Value: totals.Bytes},
		events.Member{Name: "dropped", Value: totals.Kernel + totals.Queue})
	a.startedAt = time.Time{}
	a.setState(status.Stopped, "")
	a.report.write()
	if a.hub != nil {
		a.hub.Close()
	}
	if a.endKeepSocket != nil {
		a.endKeepSocket()
	}
	a.loop.Stop()
}
