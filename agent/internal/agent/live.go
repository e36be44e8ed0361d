package agent

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/record"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// live is the running capture, if there is one: sockets, and the way of their packets into files. Every change takes effect
// between two packets; the sockets stay open, so no packet is missing.
type live struct {
	loop     *loop.Loop
	recorder *record.Recorder
	// stream gets the same packets.
	stream *stream
	// advanced is called after each advance: packets may have come.
	advanced func()

	running bool
	merger  capture.Merger
	taps    []*tap
	snaplen settings.Snaplen
	flows   []traffic.Flow
	// waiting are changes that wait for the current one; stopping are called when the capture has ended.
	waiting, stopping []func()
	// hurry does not let a change wait for ever.
	hurry *loop.Timer
	// now is the machine's clock, which somebody may set.
	now func() time.Time
}

// plan is what is to be captured, and how.
type plan struct {
	inputs  []input
	head    record.Head
	limits  record.Limits
	snaplen settings.Snaplen
	buffer  int64
	// packets is how many, 0 for no limit.
	packets int64
}

// failure is an interface that cannot be captured.
type failure struct {
	input input
	err   error
}

func newLive(l *loop.Loop, recorder *record.Recorder, stream *stream) *live {
	v := &live{loop: l, recorder: recorder, stream: stream, now: time.Now}
	v.merger.Sink = v
	return v
}

// Packets is capture.Sink's.
func (v *live) Packets(from *capture.Source, packets pcapng.Packets, count int) {
	if left, _ := v.recorder.PacketsLeft(); left > 0 && int64(count) > left {
		length, n := packets.CutAt(math.MaxInt64, int(left))
		packets, count = packets[:length], n
	}
	// First, since the recorder may give a part of them another number.
	v.stream.packets(from, packets, count)
	v.recorder.Packets(from, packets, count)
}

// Flush is capture.Sink's.
func (v *live) Flush() { v.recorder.Flush() }

// start begins a capture. Some of its interfaces may fail; it returns an error when nothing is captured.
func (v *live) start(p plan, closed int) ([]failure, error) {
	v.snaplen = p.snaplen
	var failures []failure
	for _, in := range p.inputs {
		t, err := v.open(in, p.buffer)
		if err != nil {
			failures = append(failures, failure{in, err})
			continue
		}
		v.taps = append(v.taps, t)
	}
	if len(v.taps) == 0 {
		return failures, errors.New("no interface can be captured")
	}
	v.recorder.SetPacketsLeft(p.packets)
	v.setSources()
	if err := v.recorder.Open(v.merger.Sources, p.head, p.limits, closed); err != nil {
		v.abort()
		return failures, err
	}
	v.running = true
	return failures, nil
}

// advance takes the packets that the kernel has ready.
func (v *live) advance() {
	if !v.running {
		return
	}
	v.merger.Advance(v.now().UnixNano())
	v.finishLeaving()
	v.advanced()
}

// change captures by another plan from now on, and calls done when the plan's first file is open. It does nothing if the plan
// is no longer wanted when its turn comes. If no interface can be captured by the plan, the capture ends, and done gets the
// reasons.
func (v *live) change(p plan, wanted func() bool, done func([]failure)) {
	v.whenFree(func() {
		if !v.running || !wanted() {
			return
		}
		before := v.taps
		after, failures := v.retarget(p)
		for _, t := range before {
			// Until the change takes effect, keep enough for both plans.
			t.SetSnaplen(widest(v.snaplen.Bytes, p.snaplen.Bytes))
		}
		v.snaplen = p.snaplen
		v.taps = append(slices.Clone(before), without(after, before)...)
		v.setSources()
		v.cut(func() {
			if len(after) == 0 {
				v.abort()
				done(failures)
				return
			}
			v.recorder.SetPacketsLeft(p.packets)
			v.taps = after
			_ = v.recorder.Change(sourcesOf(after), p.head, p.limits)
			v.closeTaps(without(before, after))
			v.setSources()
			for _, t := range after {
				t.SetSnaplen(p.snaplen.Bytes)
			}
			done(failures)
		})
	})
}

// retarget returns the taps of a plan: running ones that fit get new programs, the others are opened.
func (v *live) retarget(p plan) (after []*tap, failures []failure) {
	before := v.snaplen
	v.snaplen = p.snaplen
	for _, in := range p.inputs {
		t := v.find(in.Interface)
		var err error
		if t != nil && t.buffer == p.buffer {
			err = v.setFilter(t, in.user)
		} else if t, err = v.open(in, p.buffer); err == nil {
			t.Starting = true
		}
		if err != nil {
			failures = append(failures, failure{in, err})
			continue
		}
		after = append(after, t)
	}
	v.snaplen = before
	return after, failures
}

// setFlows replaces the agent's own connections that are left out. It returns when all sockets leave them out.
func (v *live) setFlows(flows []traffic.Flow) error {
	v.flows = flows
	for _, t := range v.taps {
		if t.leaving {
			continue
		}
		if err := v.setFilter(t, t.input.user); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// join captures one more interface, in the file that is open.
func (v *live) join(in input, buffer int64, done func(error)) {
	v.whenFree(func() {
		if !v.running {
			return
		}
		t, err := v.open(in, buffer)
		if err == nil {
			v.taps = append(v.taps, t)
			v.setSources()
			err = v.recorder.Join(t.Source)
			v.stream.join(t.Source)
		}
		done(err)
	})
}

// leave ends the capture of an interface that has gone, after its last packets are read. An interface that is only down may be
// up again before that; another tap captures it then, so this one gets no more packets.
func (v *live) leave(t *tap) {
	t.leaving = true
	_ = t.SetFilter(nothing)
	v.loop.After(0, v.advance)
}

func (v *live) finishLeaving() {
	// A change in progress replaces the taps itself.
	if v.merger.Pending() {
		return
	}
	for _, t := range slices.Clone(v.taps) {
		if !t.leaving || !t.Idle() {
			continue
		}
		_ = v.recorder.Leave(t.Source)
		v.closeTaps([]*tap{t})
		v.taps = without(v.taps, []*tap{t})
		v.setSources()
	}
}

// stop ends the capture after the packets that have come until now, and calls done; at once if nothing is captured.
func (v *live) stop(done func()) {
	if !v.running {
		done()
		return
	}
	v.stopping = append(v.stopping, done)
	v.whenFree(func() {
		if v.running {
			v.cut(v.abort)
		}
	})
}

// abort ends the capture at once. Waiting changes are dropped.
func (v *live) abort() {
	v.merger.Cancel()
	v.hurry.Stop()
	v.waiting = nil
	_ = v.recorder.Close()
	v.closeTaps(v.taps)
	v.taps = nil
	v.setSources()
	v.running = false
	stopping := v.stopping
	v.stopping = nil
	for _, done := range stopping {
		done()
	}
}

// names returns the names of the captured interfaces.
func (v *live) names() []string {
	names := []string{}
	for _, t := range v.taps {
		if !t.leaving {
			names = append(names, t.Name)
		}
	}
	return names
}

// widest is the larger of two snaplens; 0 stands for whole packets.
func widest(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}
