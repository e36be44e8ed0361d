package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/process"
	"packet-capture/agent/internal/record"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
)

// stopPreparing cancels the current preparation: its result, if it still comes, is ignored.
func (a *Agent) stopPreparing() {
	a.preparing++
	a.inTransition = false
	if a.cancel != nil {
		a.cancel()
		a.cancel = nil
	}
}

// prepare finds the interfaces for the settings and compiles a program for each. The running capture continues
// meanwhile, and changes only when all programs are ready.
func (a *Agent) prepare() {
	if a.terminating {
		return
	}
	a.stopPreparing()
	a.retryTimer.Stop()
	all, err := links.List()
	if err != nil {
		a.stopAndRetry(err.Error())
		return
	}
	a.wanted = choose(all, a.set.Interfaces)
	if problem := a.wanted.problem(); problem != "" {
		a.stopAndRetry(problem)
		return
	}
	if !a.deadline.IsZero() && !time.Now().Before(a.deadline) {
		a.finish("duration")
		return
	}
	if err := capture.Permitted(); err != nil {
		a.stopAndRetry(err.Error())
		return
	}
	if problem := a.volumeProblem(); problem != "" && !a.session.running {
		a.stopAndRetry(problem)
		return
	}
	a.inTransition = true
	preparing := a.preparing
	a.compile(a.wanted.present, func(inputs []input, failures []failure) {
		if preparing != a.preparing {
			return
		}
		a.cancel = nil
		a.startOrReplace(inputs, failures)
	})
}

// stopAndRetry ends the running capture, if there is one, which does not match the settings, and then calls retryLater.
func (a *Agent) stopAndRetry(reason string) {
	if !a.session.running {
		a.retryLater(reason)
		return
	}
	a.stopThen(func() { a.retryLater(reason) })
}

// stopThen ends the running capture, if there is one, and then calls fn, unless something else was begun meanwhile.
func (a *Agent) stopThen(fn func()) {
	preparing := a.preparing
	a.inTransition = true
	a.session.stop(func() {
		if preparing != a.preparing {
			return
		}
		a.inTransition = false
		a.captureEnded()
		fn()
	})
}

// compile compiles a program for each interface, in the order given, and calls done on the loop.
func (a *Agent) compile(interfaces []capture.Interface, done func([]input, []failure)) {
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	expression := a.set.Filter
	go func() {
		defer cancel()
		var inputs []input
		var failures []failure
		for _, i := range interfaces {
			program, err := a.options.Compile(ctx, expression, i.Name, i.Link)
			if err != nil {
				failures = append(failures, failure{input{Interface: i}, err})
				continue
			}
			inputs = append(inputs, input{i, program})
		}
		a.loop.Post(func() { done(inputs, failures) })
	}()
}

// startOrReplace starts the capture, or replaces the running one, with the compiled programs.
func (a *Agent) startOrReplace(inputs []input, failures []failure) {
	if len(inputs) == 0 {
		a.inTransition = false
		a.cannotCompile(failures)
		return
	}
	p := a.plan(inputs)
	a.session.stream.head = p.head
	if a.session.running {
		a.replace(p, failures)
		return
	}
	more, err := a.session.start(p)
	if err != nil {
		a.inTransition = false
		if len(more) == len(inputs) {
			err = more[0].err
		}
		a.retryLater(a.reasonOf(err))
		return
	}
	a.captureBegun(append(failures, more...))
}

// replace has the running capture continue by another plan. failures are interfaces that the plan leaves out.
func (a *Agent) replace(p plan, failures []failure) {
	preparing := a.preparing
	wanted := func() bool { return preparing == a.preparing }
	a.session.replace(p, wanted, func(more []failure) {
		switch {
		case a.session.running && wanted():
			a.captureBegun(append(failures, more...))
		case a.session.running:
		case wanted():
			a.inTransition = false
			a.captureEnded()
			a.retryLater(a.reasonOf(more[0].err))
		case a.inTransition:
			// The end of the capture has dropped the change that was waiting.
			a.prepare()
		}
	})
}

// cannotCompile handles a filter that could be compiled for no interface: an error in the expression makes the setting
// filter invalid; after any other error it is tried again.
func (a *Agent) cannotCompile(failures []failure) {
	err := failures[0].err
	if at := slices.IndexFunc(failures, func(f failure) bool { return filter.IsAboutExpression(f.err) }); at >= 0 {
		err = failures[at].err
	}
	var unknown *filter.UnknownHostError
	switch {
	case errors.As(err, &unknown):
		// A name server may know the name later.
		a.stopAndRetry("filter: " + err.Error())
	case filter.IsAboutExpression(err):
		a.invalid = append(slices.Clone(a.invalid), settings.Invalid{Setting: "filter", Value: a.inForce["filter"], Reason: err.Error()})
		a.emitObject("invalid setting", a.invalid[len(a.invalid)-1])
		a.stopFor(status.Invalid, "")
	default:
		a.stopAndRetry(err.Error())
	}
}

// plan translates the settings.
func (a *Agent) plan(inputs []input) plan {
	p := plan{
		inputs:  inputs,
		snaplen: a.set.Snaplen,
		buffer:  a.set.BufferSize,
		packets: a.set.PacketCount,
		limits:  record.Limits{FileSize: a.set.FileSize, FileCount: a.set.FileCount},
		head: record.Head{
			Application: "packet-capture " + a.options.Version,
			Comment:     string(settingsObject(a.inForce, a.asked.members()...)),
			Description: a.options.Namespace + "/" + a.options.Pod + " node=" + a.options.Node,
			Filter:      a.set.Filter,
			Snaplen:     uint32(a.set.Snaplen.Bytes),
		},
	}
	if a.set.Upload != "" {
		// The note of an upload holds the settings, and takes whole blocks of the file system like the file.
		p.limits.Note = int64(len(a.settingsJSON)) + noteRoom
	}
	return p
}

// noteRoom is for the other members of an upload's note, and for the rest of its last block, in bytes.
const noteRoom = 8192 + 4096

// captureBegun is called when a capture with these settings has begun, and its first file is open: it starts the timer
// of the setting duration, reports the start, and starts the push. failures are interfaces that are not captured.
func (a *Agent) captureBegun(failures []failure) {
	a.inTransition = false
	if err := a.recorder.Err(); err != nil {
		// Handled as an error while capturing.
		a.afterPackets()
		return
	}
	now := time.Now()
	first := a.deadline.IsZero() && a.set.Duration > 0
	if first {
		a.deadline = now.Add(a.set.Duration)
	}
	if a.set.Duration > 0 {
		a.durationTimer = a.loop.After(time.Until(a.deadline), a.durationOver)
	}
	a.startedAt = now
	process.ReleaseMemory()
	a.emit("started",
		events.Member{Name: "interfaces", Value: a.session.names()},
		events.Member{Name: "filter", Value: a.inForce["filter"]},
		events.Member{Name: "snaplen", Value: status.Snaplen(a.set.Snaplen)},
		events.Member{Name: "file", Value: a.recorder.Path()})
	a.setState(status.Capturing, "")
	for _, f := range failures {
		a.refuse(f)
	}
	anew := a.setPush()
	a.push.Run(true)
	if !anew {
		a.push.Restart()
	}
	// Interfaces may have come or gone meanwhile.
	a.followLinks()
}

// refuse reports that an interface is not captured; the others are.
func (a *Agent) refuse(f failure) {
	a.refused[f.input.Interface] = f.err.Error()
	reason := f.input.Name + " is not captured: " + f.err.Error()
	if filter.IsAboutExpression(f.err) {
		reason = f.input.Name + " is not captured: filter: " + f.err.Error()
	}
	a.emitError(reason, 0)
	a.setState(a.state, reason)
}

// durationOver ends the capture when its duration is over.
func (a *Agent) durationOver() {
	if a.inTransition || a.terminating {
		return
	}
	a.finish("duration")
}

// volumeProblem is why no file can be written; empty if there is no problem.
func (a *Agent) volumeProblem() string {
	if unix.Access(a.options.Folder, unix.W_OK|unix.X_OK) != nil {
		return a.options.Folder + " cannot be written to"
	}
	room, err := a.ring.HasRoom()
	switch {
	case err != nil:
		return err.Error()
	case !room:
		return a.options.Folder + " is full: less than 1Mi is free"
	}
	return ""
}

// reasonOf is an error in words for people.
func (a *Agent) reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Sprintf("%s: %v", path.Path, path.Err)
	}
	return err.Error()
}
