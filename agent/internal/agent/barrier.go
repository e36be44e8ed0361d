package agent

import "time"

// barrierPatience is how long a change waits for the packets that came before it. The kernel hands them over within
// capture.Retire, except when its clock was set back meanwhile: then the packets' times say nothing.
const barrierPatience = 500 * time.Millisecond

// whenFree calls fn when no change goes on: at once, if none does.
func (s *session) whenFree(fn func()) {
	if s.merger.Pending() {
		s.waiting = append(s.waiting, fn)
	} else {
		fn()
	}
}

// atBarrier calls fn after all packets captured up to now and before any later packet. Call it only inside whenFree.
func (s *session) atBarrier(fn func()) {
	s.merger.At(s.now().UnixNano(), func() {
		s.hurry.Stop()
		fn()
		// The next one may wait for a barrier too, and then the rest waits again.
		next := s.waiting
		s.waiting = nil
		for _, waiting := range next {
			s.whenFree(waiting)
		}
	})
	s.hurry = s.loop.After(barrierPatience, func() {
		s.merger.Hurry()
		s.advance()
	})
	// Not from in here: the caller may be in the middle of something.
	s.loop.After(0, s.advance)
}

// rotate begins the next file.
func (s *session) rotate() { s.rotateBy(s.recorder.Rotate) }

// rotateEarly begins the next file, for somebody who wants the open one (record.Recorder.RotateEarly).
func (s *session) rotateEarly() { s.rotateBy(s.recorder.RotateEarly) }

func (s *session) rotateBy(rotate func() error) {
	s.whenFree(func() {
		if s.running {
			s.atBarrier(func() { _ = rotate() })
		}
	})
}
