package settings

import (
	"fmt"
	"maps"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

// retry is the time until a folder that could not be read is read again, unless it changes before.
const retry = time.Second

// Watch calls fn with the values of the folder: at once, and on the loop when one of them has changed. Call it before
// the loop runs or on the loop. It waits until the kernel reports a change of the folder (inotify): the kubelet renames
// ..data_tmp to ..data. If a later read fails it is done again; the values stay meanwhile.
func Watch(l *loop.Loop, dir string, fn func(Values)) error {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("cannot watch the settings: %w", err)
	}
	w := &watch{loop: l, dir: dir, fn: fn, fd: fd}
	if err := w.start(); err != nil {
		_ = unix.Close(fd)
		return err
	}
	fn(w.current)
	return nil
}

type watch struct {
	loop    *loop.Loop
	dir     string
	fn      func(Values)
	fd      int
	current Values
	again   *loop.Timer
}

func (w *watch) start() error {
	const changes = unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_DELETE
	if _, err := unix.InotifyAddWatch(w.fd, w.dir, changes|unix.IN_ONLYDIR); err != nil {
		return fmt.Errorf("cannot watch the settings in %s: %w", w.dir, err)
	}
	// The values are read after the watch has begun, so that no change is missed in between.
	values, err := Read(w.dir)
	if err != nil {
		return err
	}
	w.current = values
	return w.loop.Add(w.fd, func() {
		drain(w.fd)
		w.read()
	})
}

// read reads the folder, and calls fn if a value has changed.
func (w *watch) read() {
	if w.again != nil {
		w.again.Stop()
		w.again = nil
	}
	values, err := Read(w.dir)
	if err != nil {
		w.again = w.loop.After(retry, w.read)
		return
	}
	if !maps.Equal(values, w.current) {
		w.current = values
		w.fn(values)
	}
}

// drain reads and drops the events: it is enough that there was one.
func drain(fd int) {
	var events [4096]byte
	for {
		count, err := unix.Read(fd, events[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || count < len(events) {
			return
		}
	}
}
