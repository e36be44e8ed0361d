// Package agent is the sidecar's program: it captures the packets of a pod by its settings, for as long as the pod
// lives. See docs/agent.md.
//
// It never exits by itself, except when it was attached and its time is over, and it never captures more than was asked:
// whatever is wrong, it says so and waits. All of it
// happens on the loop. What takes long, compiling a filter or connecting, happens elsewhere and comes back by the loop.
package agent

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"packet-capture/agent/internal/backoff"
	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/push"
	"packet-capture/agent/internal/record"
	"packet-capture/agent/internal/ring"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/share"
	"packet-capture/agent/internal/status"
	"packet-capture/agent/internal/traffic"
	"packet-capture/agent/internal/upload"
)

const (
	// firstRetry and longestRetry are the first and the longest time until a capture that failed is tried again.
	firstRetry   = time.Second
	longestRetry = 30 * time.Second
	// goodRun: after a capture that long the next try is soon again.
	goodRun = 10 * time.Second
)

// Agent is the sidecar's program.
type Agent struct {
	options  Options
	loop     *loop.Loop
	log      *events.Log
	folder   status.Folder
	ring     *ring.Ring
	recorder *record.Recorder
	session  *session
	push     *push.Push
	upload   *upload.Upload
	registry *traffic.Registry
	hub      *share.Hub
	metrics  *status.Server

	// values are the settings as they were taken last, effective ones; set is what they mean, invalid what of them is
	// not valid. inForce are values without those of annotations that the release has locked.
	values  settings.Values
	inForce settings.Values
	asked   asked
	set     settings.Settings
	invalid []settings.Invalid
	// settingsJSON is all of values but actions, in the order of the table.
	settingsJSON json.RawMessage

	state  status.State
	reason string
	// startedAt is when the capture with these settings began; the zero time while there is none.
	startedAt time.Time
	// finished: the duration or the packet count is reached.
	finished bool

	// preparing counts preparations: one that is not the last has come too late; cancel ends the last one. inTransition
	// is set from the start of a preparation, or of the end of a capture, until the new state is reached.
	preparing    int
	inTransition bool
	cancel       context.CancelFunc
	// wanted are the interfaces that the last preparation was for, refused those whose filter cannot be compiled.
	wanted  chosen
	joining map[capture.Interface]bool
	refused map[capture.Interface]string

	retryTimer    *loop.Timer
	retries       backoff.Backoff
	rotateTimer   *loop.Timer
	durationTimer *loop.Timer
	// deadline is when the duration ends; the zero time before the capture has begun.
	deadline time.Time

	pushTarget  pushTarget
	terminating bool
	// tidied is when memory was given back last.
	tidied     time.Time
	report     report
	mirror     mirrorMember
	attachment attachment
	keeper     *keeper
	// endKeepSocket ends the socket for `packet-capture-agent keep`; nil while there is none.
	endKeepSocket func()
}

// New makes an agent that Start brings to life.
func New(options Options) *Agent {
	a := &Agent{
		options: options,
		loop:    options.Loop,
		log:     options.Log,
		folder:  status.Folder{Path: options.AgentDir},
		ring:    &ring.Ring{Folder: options.Folder, Pod: options.Pod},
		state:   status.Waiting,
		retries: backoff.Backoff{First: firstRetry, Most: longestRetry},
		tidied:  time.Now(),
		joining: map[capture.Interface]bool{},
		refused: map[capture.Interface]string{},
	}
	a.recorder = &record.Recorder{Ring: a.ring, Observer: (*fileObserver)(a), Now: time.Now}
	a.registry = traffic.NewRegistry(a.shareFlows)
	dialer := traffic.NewDialer(a.registry)
	a.push = push.New(push.Options{
		Loop:    a.loop,
		Dial:    dialer.DialContext,
		Emit:    a.emitObject,
		Header:  func() ([]byte, []string) { return a.session.stream.header() },
		Changed: func() { a.report.changed() },
	})
	a.upload = upload.New(upload.Options{
		Loop:      a.loop,
		Network:   dialer,
		Emit:      a.emitObject,
		Changed:   func() { a.report.changed() },
		Captures:  options.Folder,
		Folder:    filepath.Join(options.AgentDir, "upload"),
		Secret:    options.UploadSecret,
		Labels:    options.Labels,
		Program:   options.Rclone,
		Proxy:     options.UploadProxy,
		NoProxy:   options.UploadNoProxy,
		Namespace: options.Namespace,
		Pod:       options.Pod,
		Node:      options.Node,
		Version:   options.Version,
	})
	a.session = newSession(a.loop, a.recorder, &stream{push: a.push})
	a.session.stream.sources = func() []*capture.Source { return sourcesOf(a.session.taps) }
	a.session.advanced = a.afterPackets
	a.report = report{agent: a}
	a.mirror = mirrorMember{agent: a, started: time.Now()}
	a.attachment = attachment{agent: a}
	a.keeper = newKeeper(a)
	a.recorder.Room = a.keeper.ringRoom
	return a
}

// Start opens the agent's folder, and starts the hub, the watch of interfaces and the metrics server. It is to be
// called on the loop, or before the loop runs.
func (a *Agent) Start() {
	// Without the folder there is nothing to say in it; the capture will find out.
	_ = a.folder.Open()
	a.startHub()
	a.keeper.start()
	a.listenForKeep()
	if err := links.Watch(a.loop, a.followLinks); err != nil {
		a.emitError(err.Error(), 0)
	}
	a.startMetrics()
}

// Take takes the annotations, as the kubelet wrote them, or what `set` wrote for an attached agent, whenever they may
// have changed. It does nothing if the effective settings are those of before, or if the agent terminates; otherwise it
// reports the changes, except the first time, and restarts. Another reason alone restarts only what runs, so that the
// files say it.
func (a *Agent) Take(annotations settings.Values) {
	if a.terminating {
		return
	}
	defer a.attachment.take(annotations)
	values, asked := a.options.Platform.Effective(annotations), askedBy(annotations)
	first := a.values == nil
	if value := values["keep"]; first || value != a.values["keep"] {
		defer a.takeKeep(value)
	}
	changes := a.differences(values)
	reasons := a.asked.differences(asked)
	if !first && len(changes)+len(reasons) == 0 {
		a.values = values
		return
	}
	same := !first && len(changes) == 0
	a.values, a.asked = values, asked
	a.inForce = a.options.Platform.InForce(values)
	a.settingsJSON = settingsObject(values)
	if !first {
		a.emit("settings changed", events.Member{Name: "changes", Value: append(changes, reasons...)})
	}
	if same && !a.session.running && !a.inTransition {
		return
	}
	if !first {
		a.forgetFinished()
	}
	a.restart(first)
}

// restart parses the settings just taken, cancels the timers of retry and duration and the running preparation, and
// goes to invalid, idle or prepare. In the last case a running capture goes on until startOrReplace replaces it. first is true
// for the container's first settings: a capture that the container before this one finished with them is not begun
// again.
func (a *Agent) restart(first bool) {
	a.set, a.invalid = settings.Parse(a.values, a.options.Platform)
	a.upload.Set(a.set.Upload)
	a.keeper.set(a.set)
	a.mirror.set(a.set.Mirror != nil)
	a.stopPreparing()
	a.retryTimer.Stop()
	a.durationTimer.Stop()
	a.retries.Reset()
	a.deadline, a.startedAt = time.Time{}, time.Time{}
	a.finished = false
	clear(a.refused)
	for _, invalid := range a.invalid {
		// takeKeep reports the other one.
		if invalid.Setting != "keep" {
			a.emitObject("invalid setting", invalid)
		}
	}
	switch {
	case settings.Stopped(a.invalid):
		a.stopFor(status.Invalid, "")
	case a.set.Idle:
		a.stopFor(status.Idle, "state")
	case first && a.recallFinished():
	default:
		if !a.session.running {
			a.setState(status.Waiting, "")
		}
		a.prepare()
	}
}

// stopFor ends the capture, if one runs, and then enters state, which is idle or invalid.
func (a *Agent) stopFor(state status.State, reason string) {
	a.stopThen(func() {
		a.setPush()
		if state == status.Idle {
			a.emit("idle", events.Member{Name: "reason", Value: reason})
		}
		a.setState(state, reason)
	})
}

// captureEnded stops the capture's timers and the push. It is to be called after the capture has ended.
func (a *Agent) captureEnded() {
	a.rotateTimer.Stop()
	a.durationTimer.Stop()
	a.startedAt = time.Time{}
	a.push.Run(false)
}

// setState records state and reason, and schedules status.json.
func (a *Agent) setState(state status.State, reason string) {
	a.state, a.reason = state, reason
	a.report.changed()
}

// retryLater reports the reason, enters waiting, and calls prepare after the next delay of retries.
func (a *Agent) retryLater(reason string) {
	delay := a.retries.Next()
	a.emitError(reason, delay)
	a.setState(status.Waiting, reason)
	a.retryTimer.Stop()
	a.retryTimer = a.loop.After(delay, a.prepare)
}

// afterPackets is called after each read of the kernel's rings: it handles a write error and a reached packet-count.
// Both end the capture.
func (a *Agent) afterPackets() {
	a.report.counted()
	if !a.session.running {
		return
	}
	if err := a.recorder.Err(); err != nil {
		a.session.abort()
		if a.inTransition {
			// What is about to come may do better.
			a.prepare()
			return
		}
		if time.Since(a.startedAt) >= goodRun {
			a.retries.Reset()
		}
		a.captureEnded()
		a.retryLater(a.reasonOf(err))
		return
	}
	if _, full := a.recorder.PacketsLeft(); full && !a.inTransition {
		a.session.abort()
		a.captureEnded()
		a.finish("packet-count")
	}
}

// rotateAfter (re)starts the timer that closes the open file.
func (a *Agent) rotateAfter(d time.Duration) {
	a.rotateTimer.Stop()
	a.rotateTimer = a.loop.After(d, a.session.rotate)
}
