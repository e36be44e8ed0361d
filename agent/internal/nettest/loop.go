package nettest

import (
	"testing"

	"packet-capture/agent/internal/loop"
)

// Loop makes a loop that runs in a goroutine until the test ends.
func Loop(t testing.TB) *loop.Loop {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- l.Run() }()
	t.Cleanup(func() {
		l.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l
}

// On calls fn on the loop, and returns when it has returned.
func On(l *loop.Loop, fn func()) {
	done := make(chan struct{})
	l.Post(func() {
		fn()
		close(done)
	})
	<-done
}
