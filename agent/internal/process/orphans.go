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

// ReapOrphans is for the first process of a container: processes that a command of `kubectl exec` leaves behind become
// its children, and would stay as zombies when they end. The program's own children are waited for where they are
// started.
func ReapOrphans() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			reapOrphans()
		}
	}()
}

// reapOrphans waits for all children that have ended and belong to another session: a runtime begins a session for each
// command, and this program's own children stay in its session.
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

// parseStat reads "PID (NAME) STATE PARENT GROUP SESSION …". A name may contain any character.
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
