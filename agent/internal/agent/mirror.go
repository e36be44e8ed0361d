package agent

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/mirror"
	"packet-capture/agent/internal/status"
)

// mirrorPatience is how long the mirror's container may take to start.
const mirrorPatience = 10 * time.Second

// mirrorPoll is the time between two reads of the mirror's status without a watch.
const mirrorPoll = 2 * time.Second

// noMirror is the reason in the status when mirror is set, and the pod has no container that mirrors.
const noMirror = "the pod has no container packet-capture-mirror: it is added when the annotation stands on the pod before it is created, in a namespace that admits NET_ADMIN"

// mirrorMember is what the mirror's own program, in another container, says of itself: a part of this one's status and
// metrics.
type mirrorMember struct {
	agent   *Agent
	started time.Time
	// fd watches the agent's folder while a mirror is set; 0: it is not watched.
	fd    int
	timer *loop.Timer
	// text is the member of the status; nil: there is none.
	text json.RawMessage
	// reported is what the program reports; nil until it does.
	reported *status.Mirror
}

// set watches the mirror's status if the setting mirror is wanted, and drops it otherwise.
func (m *mirrorMember) set(wanted bool) {
	if wanted {
		m.watch()
	} else {
		m.drop()
	}
}

// watch reads the mirror's status now, after each change of the agent's folder, and when mirrorPatience is over. While
// the kernel has no watch left for the node's agents (see settings.Watch), it reads every mirrorPoll.
func (m *mirrorMember) watch() {
	if m.fd == 0 {
		m.fd = m.watchFolder()
	}
	m.read()
	m.timer.Stop()
	if m.fd == 0 {
		m.timer = m.agent.loop.After(mirrorPoll, m.watch)
		return
	}
	m.timer = m.agent.loop.After(time.Until(m.started.Add(mirrorPatience)), m.read)
}

// watchFolder returns the descriptor of a watch of the agent's folder, 0 if there is none.
func (m *mirrorMember) watchFolder() int {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return 0
	}
	if _, err = unix.InotifyAddWatch(fd, m.agent.options.AgentDir, unix.IN_MOVED_TO|unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR); err == nil {
		err = m.agent.loop.Add(fd, m.changed)
	}
	if err != nil {
		_ = unix.Close(fd)
		return 0
	}
	return fd
}

// drop ends the watch, and takes the mirror out of status and metrics.
func (m *mirrorMember) drop() {
	m.timer.Stop()
	m.text, m.reported = nil, nil
	if m.fd != 0 {
		m.agent.loop.Remove(m.fd)
		_ = unix.Close(m.fd)
		m.fd = 0
	}
}

// changed reads the file whatever it was that changed.
func (m *mirrorMember) changed() {
	var events [4096]byte
	for {
		if n, err := unix.Read(m.fd, events[:]); err != nil || n < len(events) {
			break
		}
	}
	m.read()
}

// read takes the mirror's status from its file. Without the file there is none until mirrorPatience is over, and
// noMirror then.
func (m *mirrorMember) read() {
	var reported *status.Mirror
	text, err := os.ReadFile(filepath.Join(m.agent.options.AgentDir, mirror.StatusFile))
	text = bytes.TrimSpace(text)
	switch {
	case err == nil:
		reported = &status.Mirror{}
		if json.Unmarshal(text, reported) != nil {
			// In the middle of being written, on a full volume.
			return
		}
	case time.Since(m.started) < mirrorPatience:
		return
	default:
		text = events.Object(events.Member{Name: "state", Value: "waiting"}, events.Member{Name: "reason", Value: noMirror})
	}
	if !bytes.Equal(text, m.text) {
		m.text, m.reported = text, reported
		m.agent.report.changed()
	}
}
