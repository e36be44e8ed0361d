// Package loop is the agent's event loop: one epoll for rings, the settings' folder, timers and functions that other
// goroutines post. All state of the agent is changed on the loop, so it needs no lock, and nothing runs while nothing
// happens.
//
// Go's scheduler waits for the epoll, which is one of the descriptors that it watches. If the loop waited in a system
// call of its own, the scheduler would check some fifty times for each wake-up whether the thread comes back; that took
// a third as much CPU as everything else in a busy capture. For the same reason the calls of every wake-up bypass the
// scheduler (RawSyscall): they do not block.
package loop

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Loop waits for descriptors, timers and posted functions, and calls their functions one after another on the goroutine
// of Run. Except Post and Stop, its methods may be called only there, or before Run.
type Loop struct {
	epoll int
	// waiter is the epoll as the scheduler knows it.
	waiter   *os.File
	handlers map[int32]*handler
	// generation distinguishes a descriptor from an earlier one with the same number.
	generation int32
	timers     timers
	posted     posted
	stopped    bool
}

type handler struct {
	generation int32
	fn         func()
}

// posted holds functions that other goroutines want to be called.
type posted struct {
	sync.Mutex
	event int
	fns   []func()
	// spare is the previous list, empty: it is used again, so that posting does not allocate.
	spare []func()
}

// New makes a loop; Run starts it.
func New() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil {
		return nil, errors.Join(err, unix.Close(epoll))
	}
	// The scheduler watches descriptors that are non-blocking, and an epoll can be watched.
	l := &Loop{epoll: epoll, waiter: os.NewFile(uintptr(epoll), "epoll"), handlers: map[int32]*handler{}}
	if err := l.addOwn(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// addOwn makes the loop's own descriptors, for its timers and for posted functions.
func (l *Loop) addOwn() error {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("eventfd: %w", err)
	}
	l.posted.event = event
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	l.timers.fd = timer
	if err := l.Add(event, l.runPosted); err != nil {
		return err
	}
	return l.Add(timer, l.timers.run)
}

// Close frees the loop's own descriptors. Those that were added stay open.
func (l *Loop) Close() error {
	errs := []error{l.waiter.Close()}
	for _, fd := range []int{l.posted.event, l.timers.fd} {
		if fd > 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	return errors.Join(errs...)
}

// Add has fn called for as long as fd is readable or in an error state.
func (l *Loop) Add(fd int, fn func()) error {
	return l.add(fd, unix.EPOLLIN, fn)
}

// AddEdge has fn called once each time that fd becomes readable: for rings, which fn need not empty.
func (l *Loop) AddEdge(fd int, fn func()) error {
	return l.add(fd, unix.EPOLLIN|unix.EPOLLET, fn)
}

func (l *Loop) add(fd int, events uint32, fn func()) error {
	l.generation++
	event := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: l.generation}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	l.handlers[int32(fd)] = &handler{l.generation, fn}
	return nil
}

// Remove ends what Add began. Call it before fd is closed.
func (l *Loop) Remove(fd int) {
	delete(l.handlers, int32(fd))
	// An error means that fd is not watched, which is the goal.
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil)
}

// Post has fn called on the loop. It may be called from any goroutine and never blocks.
func (l *Loop) Post(fn func()) {
	p := &l.posted
	p.Lock()
	defer p.Unlock()
	p.fns = append(p.fns, fn)
	if len(p.fns) == 1 {
		one := [8]byte{1}
		// It fails only when the counter is full, and then the loop is already awake.
		_, _ = unix.Write(p.event, one[:])
	}
}

func (l *Loop) runPosted() {
	p := &l.posted
	p.Lock()
	var counter [8]byte
	_, _ = unix.Read(p.event, counter[:])
	fns := p.fns
	p.fns, p.spare = p.spare[:0], nil
	p.Unlock()
	for i, fn := range fns {
		fns[i] = nil
		fn()
	}
	p.Lock()
	p.spare = fns[:0]
	p.Unlock()
}

// After has fn called on the loop once d has passed.
func (l *Loop) After(d time.Duration, fn func()) *Timer {
	return l.timers.add(d, fn)
}

// Stop makes Run return after the current call. It may be called from any goroutine.
func (l *Loop) Stop() {
	l.Post(func() { l.stopped = true })
}

// Run calls the added functions until Stop. It may be called again afterwards.
func (l *Loop) Run() error {
	waiter, err := l.waiter.SyscallConn()
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	r := ready{epoll: l.epoll}
	poll := r.poll
	for l.stopped = false; !l.stopped; {
		// It waits until poll has found something.
		if err := waiter.Read(poll); err != nil {
			return fmt.Errorf("epoll: %w", err)
		}
		for i := range r.count {
			event := &r.events[i]
			// An earlier function may have removed it.
			if h := l.handlers[event.Fd]; h != nil && h.generation == event.Pad {
				h.fn()
			}
		}
	}
	return nil
}

// ready are descriptors with events.
type ready struct {
	epoll  int
	events [16]unix.EpollEvent
	count  int
}

// poll asks for events without waiting, and reports whether there are any.
func (r *ready) poll(uintptr) bool {
	count, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&r.events[0])), uintptr(len(r.events)), 0, 0, 0)
	r.count = int(count)
	if errno != 0 {
		r.count = 0
	}
	return r.count > 0
}
