package process

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReapOrphans is for the first process of a container: whatever a command of `kubectl exec` leaves behind becomes its child,
// and would stay as a zombie when it ends. What this program starts by itself is waited for by who started it.
func ReapOrphans() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			reapOrphans()
		}
	}()
}

// reapOrphans waits for all children that have ended and are of another session: a runtime begins one for each command, and
// this program's own children stay in its.
func reapOrphans() {
	session, err := unix.Getsid(0)
	if err != nil {
		return
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		child, ok := parseStat(stat)
		if ok && child.parent == os.Getpid() && child.state == 'Z' && child.session != session {
			_, _ = unix.Wait4(child.pid, nil, unix.WNOHANG, nil)
		}
	}
}

// processStat is the beginning of /proc/PID/stat.
type processStat struct {
	pid, parent, session int
	state                byte
}

// parseStat reads "PID (NAME) STATE PARENT GROUP SESSION …". A name may have anything in it.
func parseStat(text []byte) (processStat, bool) {
	name := bytes.LastIndexByte(text, ')')
	first, _, _ := bytes.Cut(text, []byte(" "))
	if name < 0 {
		return processStat{}, false
	}
	fields := bytes.Fields(text[name+1:])
	if len(fields) < 4 || len(fields[0]) != 1 {
		return processStat{}, false
	}
	s := processStat{state: fields[0][0]}
	for _, number := range []struct {
		to   *int
		text []byte
	}{{&s.pid, first}, {&s.parent, fields[1]}, {&s.session, fields[3]}} {
		value, err := strconv.Atoi(string(number.text))
		if err != nil {
			return processStat{}, false
		}
		*number.to = value
	}
	return s, true
}
