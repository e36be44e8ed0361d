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

// session is the running capture, if there is one: sockets, and the way of their packets into files. Every change takes
// effect between two packets; the sockets stay open, so no packet is missing.
type session struct {
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
	// hurry is the timer that carries out a pending change after barrierPatience.
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

func newSession(l *loop.Loop, recorder *record.Recorder, stream *stream) *session {
	s := &session{loop: l, recorder: recorder, stream: stream, now: time.Now}
	s.merger.Sink = s
	return s
}

// Packets is capture.Sink's.
func (s *session) Packets(from *capture.Source, packets pcapng.Packets, count int) {
	if left, _ := s.recorder.PacketsLeft(); left > 0 && int64(count) > left {
		length, n := packets.CutAt(math.MaxInt64, int(left))
		packets, count = packets[:length], n
	}
	// First, since the recorder may give a part of them another number.
	s.stream.packets(from, packets, count)
	s.recorder.Packets(from, packets, count)
}

// Flush is capture.Sink's.
func (s *session) Flush() { s.recorder.Flush() }

// start begins a capture. Some of its interfaces may fail; it returns an error when nothing is captured.
func (s *session) start(p plan) ([]failure, error) {
	s.snaplen = p.snaplen
	var failures []failure
	for _, in := range p.inputs {
		t, err := s.open(in, p.buffer)
		if err != nil {
			failures = append(failures, failure{in, err})
			continue
		}
		s.taps = append(s.taps, t)
	}
	if len(s.taps) == 0 {
		return failures, errors.New("no interface can be captured")
	}
	s.recorder.SetPacketsLeft(p.packets)
	s.setSources()
	if err := s.recorder.Open(s.merger.Sources, p.head, p.limits); err != nil {
		s.abort()
		return failures, err
	}
	s.running = true
	return failures, nil
}

// advance takes the packets that the kernel has ready.
func (s *session) advance() {
	if !s.running {
		return
	}
	s.merger.Advance(s.now().UnixNano())
	s.finishLeaving()
	s.advanced()
}

// replace captures by another plan from now on, and calls done when the plan's first file is open. It does nothing if
// the plan is no longer wanted when its turn comes. If no interface can be captured by the plan, the capture ends, and
// done gets the reasons.
func (s *session) replace(p plan, wanted func() bool, done func([]failure)) {
	s.whenFree(func() {
		if !s.running || !wanted() {
			return
		}
		before := s.taps
		after, failures := s.retarget(p)
		for _, t := range before {
			// Until the change takes effect, keep enough for both plans.
			t.SetSnaplen(widest(s.snaplen.Bytes, p.snaplen.Bytes))
		}
		s.snaplen = p.snaplen
		s.taps = append(slices.Clone(before), without(after, before)...)
		s.setSources()
		s.atBarrier(func() {
			if len(after) == 0 {
				s.abort()
				done(failures)
				return
			}
			s.recorder.SetPacketsLeft(p.packets)
			s.taps = after
			_ = s.recorder.Change(sourcesOf(after), p.head, p.limits)
			s.closeTaps(without(before, after))
			s.setSources()
			for _, t := range after {
				t.SetSnaplen(p.snaplen.Bytes)
			}
			done(failures)
		})
	})
}

// retarget returns the taps of a plan: running ones that fit get new programs, the others are opened.
func (s *session) retarget(p plan) (after []*tap, failures []failure) {
	before := s.snaplen
	s.snaplen = p.snaplen
	for _, in := range p.inputs {
		t := s.find(in.Interface)
		var err error
		if t != nil && t.buffer == p.buffer {
			err = s.setFilter(t, in.user)
		} else if t, err = s.open(in, p.buffer); err == nil {
			t.Starting = true
		}
		if err != nil {
			failures = append(failures, failure{in, err})
			continue
		}
		after = append(after, t)
	}
	s.snaplen = before
	return after, failures
}

// setFlows replaces the agent's own connections that are left out. It returns when all sockets leave them out.
func (s *session) setFlows(flows []traffic.Flow) error {
	s.flows = flows
	for _, t := range s.taps {
		if t.leaving {
			continue
		}
		if err := s.setFilter(t, t.input.user); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// join captures one more interface, in the file that is open.
func (s *session) join(in input, buffer int64, done func(error)) {
	s.whenFree(func() {
		if !s.running {
			return
		}
		t, err := s.open(in, buffer)
		if err == nil {
			s.taps = append(s.taps, t)
			s.setSources()
			err = s.recorder.Join(t.Source)
			s.stream.join(t.Source)
		}
		done(err)
	})
}

// leave ends the capture of an interface that has gone, after its last packets are read. An interface that is only down
// may be up again before that; another tap captures it then, so this one gets no more packets.
func (s *session) leave(t *tap) {
	t.leaving = true
	_ = t.SetFilter(nothing)
	s.loop.After(0, s.advance)
}

func (s *session) finishLeaving() {
	// A change in progress replaces the taps itself.
	if s.merger.Pending() {
		return
	}
	for _, t := range slices.Clone(s.taps) {
		if !t.leaving || !t.Idle() {
			continue
		}
		_ = s.recorder.Leave(t.Source)
		s.closeTaps([]*tap{t})
		s.taps = without(s.taps, []*tap{t})
		s.setSources()
	}
}

// stop ends the capture after the packets that have come until now, and calls done; at once if nothing is captured.
func (s *session) stop(done func()) {
	if !s.running {
		done()
		return
	}
	s.stopping = append(s.stopping, done)
	s.whenFree(func() {
		if s.running {
			s.atBarrier(s.abort)
		}
	})
}

// abort ends the capture at once. Waiting changes are dropped.
func (s *session) abort() {
	s.merger.Cancel()
	s.hurry.Stop()
	s.waiting = nil
	_ = s.recorder.Close()
	s.closeTaps(s.taps)
	s.taps = nil
	s.setSources()
	s.running = false
	stopping := s.stopping
	s.stopping = nil
	for _, done := range stopping {
		done()
	}
}

// names returns the names of the captured interfaces.
func (s *session) names() []string {
	names := []string{}
	for _, t := range s.taps {
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
