package settings

import (
	"fmt"
	"maps"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

// retry is the time until a folder that could not be read is read again, unless it changes before.
const retry = time.Second

// pollInterval is the time between two reads of a folder that the kernel has no watch for.
const pollInterval = 2 * time.Second

// Watch calls fn with the values of the folder: at once, and on the loop when one of them has changed. Call it before
// the loop runs or on the loop. It waits until the kernel reports a change of the folder (inotify): the kubelet renames
// ..data_tmp to ..data. If a later read fails it is done again; the values stay meanwhile.
//
// The kernel gives a user a limited number of watches (fs.inotify.max_user_instances, often 128), and all agents of a
// node are one user. Without one, the folder is read every two seconds: a pod on a full node is captured all the same.
func Watch(l *loop.Loop, dir string, fn func(Values)) error {
	w := &watch{loop: l, dir: dir, fn: fn}
	if err := w.start(); err != nil {
		return err
	}
	fn(w.current)
	return nil
}

type watch struct {
	loop    *loop.Loop
	dir     string
	fn      func(Values)
	current Values
	again   *loop.Timer
}

func (w *watch) start() error {
	fd, err := watchFolder(w.dir)
	exhausted := err == unix.EMFILE || err == unix.ENOSPC
	if err != nil && !exhausted {
		return fmt.Errorf("cannot watch the settings in %s: %w", w.dir, err)
	}
	// The values are read after the watch has begun, so that no change is missed in between.
	w.current, err = Read(w.dir)
	if exhausted {
		if err == nil {
			// Read takes a folder that is not there for an empty one.
			_, err = os.Stat(w.dir)
		}
		if err == nil {
			w.poll()
		}
		return err
	}
	if err == nil {
		err = w.loop.Add(fd, func() {
			drain(fd)
			w.read()
		})
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return err
}

// poll reads the folder again and again.
func (w *watch) poll() {
	w.loop.After(pollInterval, func() {
		w.read()
		w.poll()
	})
}

// watchFolder returns a descriptor that can be read when something in the folder has changed. The error is EMFILE or
// ENOSPC when the user has no watch left.
func watchFolder(dir string) (int, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	const changes = unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_DELETE
	if _, err := unix.InotifyAddWatch(fd, dir, changes|unix.IN_ONLYDIR); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
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
