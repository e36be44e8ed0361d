package agent

import (
	"os"
	"path/filepath"
	"strings"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/status"
)

// finishedFile is the path of the note that a capture has reached its duration or packet count, so that a restarted
// container does not begin it again.
func (a *Agent) finishedFile() string {
	return filepath.Join(a.options.AgentDir, "finished")
}

// finish ends the capture and stays idle until a setting changes.
func (a *Agent) finish(reason string) {
	a.finished = true
	if a.folder.Open() == nil {
		_ = os.WriteFile(a.finishedFile(), []byte(reason+"\n"+string(a.settingsJSON)), 0o600)
	}
	a.stopFor(status.Idle, reason)
}

func (a *Agent) forgetFinished() {
	_ = os.Remove(a.finishedFile())
}

// recallFinished reports whether the container before this one has finished a capture with these settings; the agent is
// then idle.
func (a *Agent) recallFinished() bool {
	note, err := os.ReadFile(a.finishedFile())
	if err != nil {
		return false
	}
	reason, of, _ := strings.Cut(string(note), "\n")
	if of != string(a.settingsJSON) {
		return false
	}
	a.finished = true
	a.emit("idle", events.Member{Name: "reason", Value: reason})
	a.setState(status.Idle, reason)
	return true
}
