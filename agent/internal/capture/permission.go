package capture

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNotPermitted says that the container has no NET_RAW.
var ErrNotPermitted = errors.New("no permission to capture: the container has no NET_RAW")

// Permitted returns ErrNotPermitted if this process may not capture.
func Permitted() error {
	return withNetRaw(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			return ErrNotPermitted
		}
		if err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
		return unix.Close(fd)
	})
}
