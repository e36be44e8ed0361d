package agent

import (
	"time"

	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
)

const (
	// endingNotice is how long before its end an attached agent logs a warning.
	endingNotice = time.Minute
	// clientGrace is how long the end waits after the last command of a user: a download is several commands.
	clientGrace = 5 * time.Second
)

// attachment is what is different in an agent that was attached to a pod (`run --attached`): it ends by itself, at a time
// that is in its settings folder, though not while a command of a user's runs. The zero value, of an agent that is not
// attached, does nothing.
type attachment struct {
	agent *Agent
	// until is when the agent ends; the zero time before the first settings, and in an agent that is not attached.
	until time.Time
	timer *loop.Timer
	// warned: the warning was logged for this time. waiting: a command runs, and its end is waited for.
	warned  bool
	waiting bool
}

// take takes the time from the settings folder.
func (t *attachment) take(values settings.Values) {
	until, ok := settings.UntilOf(values)
	if !t.agent.options.Platform.Attached || !ok || until.Equal(t.until) {
		return
	}
	t.until, t.warned = until, false
	t.agent.report.changed()
	t.follow()
}

// follow does what is due, and sets the timer for what is next.
func (t *attachment) follow() {
	t.timer.Stop()
	if t.agent.terminating {
		return
	}
	left := time.Until(t.until)
	if left <= endingNotice && !t.warned {
		t.warned = true
		t.agent.emit("ending", events.Member{Name: "until", Value: events.Time(t.until)})
	}
	switch {
	case left > endingNotice:
		t.timer = t.agent.loop.After(left-endingNotice, t.follow)
	case left > 0:
		t.timer = t.agent.loop.After(left, t.follow)
	case !t.waiting:
		t.end()
	}
}

// end ends the agent, or waits for the commands that still run.
func (t *attachment) end() {
	agentDir := t.agent.options.AgentDir
	allow, err := clients.Refuse(agentDir)
	if err == nil && allow == nil {
		t.waiting = true
		t.agent.emit("ending", events.Member{Name: "until", Value: events.Time(t.until)},
			events.Member{Name: "reason", Value: "a command is still running"})
		go func() {
			_ = clients.Wait(agentDir)
			t.agent.loop.Post(func() {
				t.agent.loop.After(clientGrace, func() {
					t.waiting = false
					t.follow()
				})
			})
		}()
		return
	}
	// A command that has just ended may have moved the end, and the news not be here yet.
	values, readErr := settings.Read(t.agent.options.SettingsDir)
	if until, ok := settings.UntilOf(values); allow != nil && readErr == nil && ok && until.After(time.Now()) {
		allow()
		t.take(values)
		return
	}
	t.agent.Terminate()
}

// status is the member `attached` of the status; nil for an agent that is not attached.
func (t *attachment) status() *status.Attached {
	if t.until.IsZero() {
		return nil
	}
	return &status.Attached{Until: events.Time(t.until), By: t.agent.asked.by, Reason: t.agent.asked.reason}
}

// asked is who asked for the settings, and why; empty when it is not known.
type asked struct {
	by, reason string
}

func askedBy(values settings.Values) asked {
	return asked{values[settings.By], values[settings.Reason]}
}

// differences returns what has changed, as differences of settings.
func (a asked) differences(now asked) []settingChange {
	var changes []settingChange
	if a.by != now.by {
		changes = append(changes, settingChange{settings.By, a.by, now.by})
	}
	if a.reason != now.reason {
		changes = append(changes, settingChange{settings.Reason, a.reason, now.reason})
	}
	return changes
}

// members are those that are known.
func (a asked) members() []events.Member {
	var members []events.Member
	if a.by != "" {
		members = append(members, events.Member{Name: settings.By, Value: a.by})
	}
	if a.reason != "" {
		members = append(members, events.Member{Name: settings.Reason, Value: a.reason})
	}
	return members
}
