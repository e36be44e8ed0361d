package loop

import (
	"container/heap"
	"time"

	"golang.org/x/sys/unix"
)

// Timer is one call in the future.
type Timer struct {
	timers *timers
	at     int64
	fn     func()
	// index is the place in the heap; -1 when the call was made or taken back.
	index int
}

// Stop cancels the call. It does nothing if the call was made already, or if t is nil.
func (t *Timer) Stop() {
	if t == nil || t.index < 0 {
		return
	}
	heap.Remove(&t.timers.heap, t.index)
	t.timers.arm()
}

// timers are all calls in the future, and one timer of the kernel for the first of them.
type timers struct {
	fd    int
	heap  timerHeap
	armed int64
}

// now is the time since the machine started, in nanoseconds: unlike the clock, it cannot be set.
func now() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

func (t *timers) add(d time.Duration, fn func()) *Timer {
	// 0 would disarm the kernel's timer.
	timer := &Timer{timers: t, at: max(now()+int64(d), 1), fn: fn}
	heap.Push(&t.heap, timer)
	t.arm()
	return timer
}

// arm sets the kernel's timer to the first call, unless it is set to that already.
func (t *timers) arm() {
	var first int64
	if len(t.heap) > 0 {
		first = t.heap[0].at
	}
	if first == t.armed {
		return
	}
	t.armed = first
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(first)}
	_ = unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME, &spec, nil)
}

// run makes the calls that are due.
func (t *timers) run() {
	var count [8]byte
	_, _ = unix.Read(t.fd, count[:])
	t.armed = 0
	for at := now(); len(t.heap) > 0 && t.heap[0].at <= at; {
		heap.Pop(&t.heap).(*Timer).fn()
	}
	t.arm()
}

// timerHeap is a heap.Interface, the first call at its top.
type timerHeap []*Timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at < h[j].at }

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	timer := x.(*Timer)
	timer.index = len(*h)
	*h = append(*h, timer)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	timer := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	timer.index = -1
	return timer
}
