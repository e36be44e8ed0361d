package agent

import (
	"context"
	"slices"
	"strings"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/status"
)

// followLinks compares the interfaces with the captured ones, and joins and leaves. The capture of the others
// continues.
func (a *Agent) followLinks() {
	if a.terminating || a.inTransition || a.values == nil {
		return
	}
	waits := a.state == status.Waiting
	if !a.session.running && !waits {
		return
	}
	all, err := links.List()
	if err != nil {
		return
	}
	now := choose(all, a.set.Interfaces)
	before := a.wanted
	a.wanted = now
	if !a.session.running {
		if !now.equal(before) {
			a.prepare()
		}
		return
	}
	if len(now.present) == 0 {
		a.stopAndRetry(now.problem())
		return
	}
	if gone := a.leave(now); gone && !a.set.Interfaces.All && len(now.missing) > 0 {
		a.emitError("there is no interface "+strings.Join(now.missing, " "), 0)
	}
	for i := range a.refused {
		if !slices.Contains(now.present, i) {
			delete(a.refused, i)
		}
	}
	for _, i := range now.present {
		if a.session.find(i) == nil && !a.joining[i] && a.refused[i] == "" {
			a.join(i)
		}
	}
}

// leave ends the capture of interfaces that have gone, and reports whether there were any.
func (a *Agent) leave(now chosen) bool {
	gone := false
	for _, t := range a.session.taps {
		if !t.leaving && !slices.Contains(now.present, t.input.Interface) {
			a.session.leave(t)
			gone = true
		}
	}
	if gone {
		a.reportInterfaces()
	}
	return gone
}

// join captures one more interface.
func (a *Agent) join(i capture.Interface) {
	a.joining[i] = true
	preparing, expression := a.preparing, a.set.Filter
	go func() {
		program, err := a.options.Compile(context.Background(), expression, i.Name, i.Link)
		a.loop.Post(func() {
			delete(a.joining, i)
			if preparing != a.preparing || a.terminating || !a.session.running {
				return
			}
			if err != nil {
				a.joined(i, err)
				return
			}
			a.session.join(input{i, program}, a.set.BufferSize, func(err error) {
				if preparing == a.preparing {
					a.joined(i, err)
				}
			})
		})
	}()
}

// joined reports that an interface has joined, or else why it is not captured, unless it has gone.
func (a *Agent) joined(i capture.Interface, err error) {
	if err == nil {
		a.reportInterfaces()
		a.followLinks()
		return
	}
	if a.isThere(i) {
		a.refuse(failure{input{Interface: i}, err})
	}
}

// isThere reports whether an interface still exists.
func (a *Agent) isThere(i capture.Interface) bool {
	all, err := links.List()
	return err == nil && slices.Contains(choose(all, a.set.Interfaces).present, i)
}

func (a *Agent) reportInterfaces() {
	a.emit("interfaces changed", events.Member{Name: "interfaces", Value: a.session.names()})
}
