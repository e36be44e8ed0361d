package streamcapture

import (
	"errors"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/pcapng"
)

// mostParts is IOV_MAX of the kernel.
const mostParts = 1024

// writer writes packets to a descriptor (capture.Sink), in as few pieces as possible: each piece is a message of its
// own to the API server.
type writer struct {
	fd    int
	parts [][]byte
	err   error
}

// Packets keeps packets until Flush.
func (w *writer) Packets(_ *capture.Source, packets pcapng.Packets, _ int) {
	if len(w.parts) == mostParts {
		w.Flush()
	}
	w.parts = append(w.parts, packets)
}

// Flush writes the packets that were kept.
func (w *writer) Flush() {
	_ = w.write(w.parts...)
	clear(w.parts)
	w.parts = w.parts[:0]
}

// write writes all parts. After an error it writes nothing more, because half a block may be written.
func (w *writer) write(parts ...[]byte) error {
	for len(parts) > 0 && w.err == nil {
		if len(parts[0]) == 0 {
			parts = parts[1:]
			continue
		}
		n, err := unix.Writev(w.fd, parts)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			_, w.err = unix.Poll([]unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLOUT}}, -1)
			if errors.Is(w.err, unix.EINTR) {
				w.err = nil
			}
		case err != nil:
			w.err = err
		default:
			parts = after(parts, n)
		}
	}
	return w.err
}

// after returns the parts without the first bytes, which were written.
func after(parts [][]byte, written int) [][]byte {
	for len(parts) > 0 && written >= len(parts[0]) {
		written -= len(parts[0])
		parts = parts[1:]
	}
	if len(parts) > 0 {
		parts[0] = parts[0][written:]
	}
	return parts
}
