package capture

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// withNetRaw calls fn on a thread that may open packet sockets, if the container may. The program's file has the
// capability permitted and not effective, because a container without it could not start the program otherwise. So the
// capability is effective only where and while it is needed.
func withNetRaw(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var before [2]unix.CapUserData
	if err := unix.Capget(&header, &before[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}
	raised := before
	raised[0].Effective |= raised[0].Permitted & (1 << unix.CAP_NET_RAW)
	if raised == before {
		return fn()
	}
	if err := unix.Capset(&header, &raised[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	err := fn()
	return errors.Join(err, unix.Capset(&header, &before[0]))
}
