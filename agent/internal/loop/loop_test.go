package loop

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// run gives a loop that begins with fn and ends by itself when something is wrong.
func run(t *testing.T, fn func(l *Loop)) {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	l.Post(func() { fn(l) })
	l.After(5*time.Second, func() {
		t.Error("the loop was not stopped")
		l.Stop()
	})
	if err := l.Run(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestPost(t *testing.T) {
	var got []int
	run(t, func(l *Loop) {
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() { l.Post(func() { got = append(got, i) }) })
		}
		go func() {
			group.Wait()
			l.Stop()
		}()
	})
	slices.Sort(got)
	if len(got) != 100 || got[0] != 0 || got[99] != 99 {
		t.Errorf("ran %v", got)
	}
}

func TestPostKeepsOrder(t *testing.T) {
	var got []int
	run(t, func(l *Loop) {
		for i := range 3 {
			l.Post(func() {
				got = append(got, i)
				l.Post(func() { got = append(got, i+10) })
			})
		}
		l.After(20*time.Millisecond, l.Stop)
	})
	if want := []int{0, 1, 2, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("ran %v, not %v", got, want)
	}
}

func TestTimers(t *testing.T) {
	var got []int
	start := time.Now()
	run(t, func(l *Loop) {
		late := l.After(40*time.Millisecond, func() { got = append(got, 4) })
		l.After(30*time.Millisecond, func() {
			got = append(got, 3)
			l.After(20*time.Millisecond, func() {
				got = append(got, 5)
				l.Stop()
			})
		})
		first := l.After(time.Millisecond, func() { got = append(got, 1) })
		l.After(20*time.Millisecond, func() {
			got = append(got, 2)
			late.Stop()
			late.Stop()
		})
		l.After(0, func() { got = append(got, 0) })
		first.Stop()
		(*Timer)(nil).Stop()
	})
	if want := []int{0, 2, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("ran %v, not %v", got, want)
	}
	if took := time.Since(start); took < 50*time.Millisecond {
		t.Errorf("after %v already", took)
	}
}

func TestAdd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []byte
	run(t, func(l *Loop) {
		fd := int(r.Fd())
		if err := l.Add(fd, func() {
			var buffer [1]byte
			n, _ := unix.Read(fd, buffer[:])
			if n == 0 {
				l.Remove(fd)
				l.Stop()
				return
			}
			got = append(got, buffer[0])
		}); err != nil {
			t.Error(err)
		}
		_, _ = w.WriteString("abc")
		_ = w.Close()
	})
	if string(got) != "abc" {
		t.Errorf("read %q", got)
	}
}

func TestAddEdge(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	calls := 0
	run(t, func(l *Loop) {
		if err := l.AddEdge(int(r.Fd()), func() { calls++ }); err != nil {
			t.Error(err)
		}
		_, _ = w.WriteString("a")
		l.After(20*time.Millisecond, func() {
			_, _ = w.WriteString("b")
			l.After(20*time.Millisecond, l.Stop)
		})
	})
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// A descriptor that a handler removes in the same round is not called any more, and its number may have a new owner.
func TestRemoveInTheSameRound(t *testing.T) {
	var pipes [2][2]*os.File
	for i := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		pipes[i] = [2]*os.File{r, w}
	}
	calls := 0
	run(t, func(l *Loop) {
		for i := range pipes {
			other := int(pipes[1-i][0].Fd())
			own := int(pipes[i][0].Fd())
			if err := l.Add(own, func() {
				calls++
				l.Remove(own)
				l.Remove(other)
				if err := l.AddEdge(other, func() {
					l.Remove(other)
					l.Stop()
				}); err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Error(err)
			}
		}
		for i := range pipes {
			_, _ = pipes[i][1].WriteString("x")
		}
	})
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestAddFails(t *testing.T) {
	run(t, func(l *Loop) {
		if err := l.Add(1<<20, func() {}); err == nil {
			t.Error("no error for a descriptor that is not there")
		}
		l.Stop()
	})
}
