package settings

import (
	"fmt"
	"maps"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

// readAgain is when a read that failed is done again.
const readAgain = time.Second

// Watch calls fn with the settings in dir, before it returns, and again on the loop whenever one of them has changed. A folder
// that cannot be read is read again every second; fn hears nothing meanwhile.
func Watch(l *loop.Loop, dir string, fn func(Values)) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("cannot watch the settings: inotify: %w", err)
	}
	w := &watch{loop: l, dir: dir, fn: fn, fd: fd}
	// The kubelet renames the link ..data (atomic_writer.go); in a folder without it files are written.
	mask := uint32(unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_DELETE | unix.IN_ONLYDIR)
	if _, err := unix.InotifyAddWatch(fd, dir, mask); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("cannot watch the settings in %s: %w", dir, err)
	}
	if err := l.Add(fd, w.changed); err != nil {
		_ = unix.Close(fd)
		return err
	}
	w.read()
	return nil
}

type watch struct {
	loop   *loop.Loop
	dir    string
	fn     func(Values)
	fd     int
	last   Values
	timer  *loop.Timer
	events [4096]byte
}

// changed takes all events: they say no more than that it is time to look.
func (w *watch) changed() {
	for {
		if n, err := unix.Read(w.fd, w.events[:]); n <= 0 || err != nil {
			break
		}
	}
	w.read()
}

func (w *watch) read() {
	w.timer.Stop()
	w.timer = nil
	values, err := Read(w.dir)
	if err != nil {
		w.timer = w.loop.After(readAgain, w.read)
		return
	}
	if w.last != nil && maps.Equal(values, w.last) {
		return
	}
	w.last = values
	w.fn(values)
}
