// Package loop is the agent's one place to wait: an epoll over rings, the settings' folder, timers and what other
// goroutines have to say. All state of the agent is changed here and nowhere else, so nothing of it needs a lock, and
// nothing runs while nothing happens.
//
// Go's own scheduler waits for the epoll, which is one of the descriptors that it watches: to wait in a system call of the
// loop's own would make the scheduler look, some fifty times for each wake-up, at whether its thread will come back, and
// that took as much CPU as a third of all else that a busy capture does. For the same reason the calls of every wake-up are
// made without telling the scheduler (RawSyscall): they do not block.
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

// Loop waits for descriptors, timers and posted functions, and calls what belongs to them, one after the other, on the
// goroutine of Run. But for Post and Stop its methods may be called only there, or before Run.
type Loop struct {
	epoll int
	// waiter is the epoll as the scheduler knows it.
	waiter   *os.File
	handlers map[int32]*handler
	// generation tells a descriptor from an earlier one of the same number.
	generation int32
	timers     timers
	posted     posted
	stopped    bool
}

type handler struct {
	generation int32
	fn         func()
}

// posted holds what other goroutines want to be run.
type posted struct {
	sync.Mutex
	event int
	fns   []func()
	// spare is the list of before, so that posting allocates nothing in the long run.
	spare []func()
}

// New makes a loop that Run has yet to start.
func New() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil {
		return nil, errors.Join(err, unix.Close(epoll))
	}
	// Because it does not block the scheduler takes it for one that can be watched, and it can.
	l := &Loop{epoll: epoll, waiter: os.NewFile(uintptr(epoll), "epoll"), handlers: map[int32]*handler{}}
	if err := l.addOwn(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// addOwn makes the loop's own descriptors: of its timers, and of what is posted.
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

// Add has fn called whenever fd is readable, or has failed, again and again until that is over.
func (l *Loop) Add(fd int, fn func()) error {
	return l.add(fd, unix.EPOLLIN, fn)
}

// AddEdge has fn called once each time that fd becomes readable: for rings, of which a part may be left for later.
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

// Remove ends what Add began. It comes before fd is closed.
func (l *Loop) Remove(fd int) {
	delete(l.handlers, int32(fd))
	// An error says that fd is not there any more, which is what is wanted.
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
		// It cannot fail but when the counter is full, and then the loop is woken already.
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

// Stop makes Run return, after what is going on. It may be called from any goroutine.
func (l *Loop) Stop() {
	l.Post(func() { l.stopped = true })
}

// Run calls what was added, until Stop. It may run again then.
func (l *Loop) Run() error {
	waiter, err := l.waiter.SyscallConn()
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	r := ready{epoll: l.epoll}
	poll := r.poll
	for l.stopped = false; !l.stopped; {
		// It returns once poll has found something, and waits as long as it has not.
		if err := waiter.Read(poll); err != nil {
			return fmt.Errorf("epoll: %w", err)
		}
		for i := range r.count {
			event := &r.events[i]
			// One of before may have removed it.
			if h := l.handlers[event.Fd]; h != nil && h.generation == event.Pad {
				h.fn()
			}
		}
	}
	return nil
}

// ready are descriptors for which something is to be done.
type ready struct {
	epoll  int
	events [16]unix.EpollEvent
	count  int
}

// poll looks whether there are any now, without waiting.
func (r *ready) poll(uintptr) bool {
	count, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&r.events[0])), uintptr(len(r.events)), 0, 0, 0)
	r.count = int(count)
	if errno != 0 {
		r.count = 0
	}
	return r.count > 0
}
