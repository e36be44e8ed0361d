package process

import (
	"io"
	"time"
)

// silence is how long nothing may come from somebody who says every few seconds that he is there.
const silence = 30 * time.Second

// WhenAlone calls fn once nobody is there any more who started this program by `kubectl exec`: input has ended, or nothing
// came for half a minute. A runtime whose connection is lost may leave standard input as it is (containerd: CloseIO fails by
// the context that has ended).
func WhenAlone(input io.Reader, fn func()) {
	whenAlone(input, silence, fn)
}

func whenAlone(input io.Reader, silence time.Duration, fn func()) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		var buffer [512]byte
		for {
			if _, err := input.Read(buffer[:]); err != nil {
				return
			}
			heard <- struct{}{}
		}
	}()
	go func() {
		timer := time.NewTimer(silence)
		defer timer.Stop()
		for {
			select {
			case _, there := <-heard:
				if !there {
					fn()
					return
				}
				timer.Reset(silence)
			case <-timer.C:
				fn()
				// Whatever still comes is of no interest.
				for range heard {
				}
				return
			}
		}
	}()
}
