package process

import (
	"io"
	"time"
)

// silence is how long the input may be silent; the command line writes to it every few seconds.
const silence = 30 * time.Second

// WhenAlone calls fn once the client that started this program by `kubectl exec` is gone: input has ended, or nothing
// came for half a minute. A runtime whose connection is lost may leave standard input open (containerd: CloseIO fails
// because its context has ended).
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
				// Further input is ignored.
				for range heard {
				}
				return
			}
		}
	}()
}
