// Package clients knows whether a user's command is running in the container (`kubectl exec`): an attached agent does
// not end while one runs.
//
// Each command holds a shared lock on the agent's folder (flock), which the kernel releases when its process ends,
// also when it is killed. The agent asks for the exclusive lock.
package clients

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrEnding: the agent is ending.
var ErrEnding = errors.New("the agent is ending: its time is over")

// Register keeps an attached agent from ending by its TTL for as long as this process runs. It returns ErrEnding if that
// is too late. In a container whose agent has no folder there is nothing to wait for.
func Register(agentDir string) error {
	folder, err := open(agentDir)
	if err != nil {
		return nil
	}
	// The descriptor stays open on purpose: the lock ends with the process.
	if err := lock(folder, unix.LOCK_SH|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return ErrEnding
	}
	return nil
}

// Refuse has Register return ErrEnding from now on, until allow is called or this process ends. allow is nil if a
// command is running.
func Refuse(agentDir string) (allow func(), err error) {
	folder, err := open(agentDir)
	if err != nil {
		return nil, err
	}
	err = lock(folder, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return func() { _ = unix.Close(folder) }, nil
	}
	_ = unix.Close(folder)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

// Wait returns when no command is running. It sleeps in the kernel until then.
func Wait(agentDir string) error {
	folder, err := open(agentDir)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	return lock(folder, unix.LOCK_EX)
}

func open(agentDir string) (int, error) {
	fd, err := unix.Open(agentDir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: agentDir, Err: err}
	}
	return fd, nil
}

func lock(folder, how int) error {
	for {
		if err := unix.Flock(folder, how); !errors.Is(err, unix.EINTR) {
			if err != nil {
				return fmt.Errorf("flock: %w", err)
			}
			return nil
		}
	}
}
