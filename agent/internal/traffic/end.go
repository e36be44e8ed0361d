package traffic

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long a closed end holds its port and its flow: until no packet of the flow can come or be sent any more. The
// kernel answers for a closed TCP connection for a minute (TCP_TIMEWAIT_LEN).
const (
	lingerTCP   = 60 * time.Second
	lingerShort = 2 * time.Second
	lingerUDP   = 10 * time.Second
)

// end is the agent's end of a conversation: a second descriptor of the socket, which holds the port after the first one
// is closed.
type end struct {
	registry *Registry
	fd       int
	protocol uint8
	entry    *entry
	once     sync.Once
}

// newEnd binds the socket fd to a port of the address from which the kernel would send to remote, and has all captures
// leave the flow out. Only then may the socket be connected.
func newEnd(registry *Registry, fd int, protocol uint8, remote netip.AddrPort) (*end, error) {
	local, err := routeTo(remote)
	if err != nil {
		return nil, err
	}
	local, err = bindPort(fd, int(protocol), local)
	if err != nil {
		return nil, fmt.Errorf("bind to a local port: %w", err)
	}
	return hold(registry, fd, Flow{Protocol: protocol, Local: withoutZone(local), Remote: withoutZone(remote)})
}

// hold has all captures leave out the flow of the socket fd, which is bound already.
func hold(registry *Registry, fd int, flow Flow) (*end, error) {
	second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("dup: %w", err)
	}
	entry, err := registry.add(flow)
	if err != nil {
		return nil, errors.Join(err, unix.Close(second))
	}
	return &end{registry: registry, fd: second, protocol: flow.Protocol, entry: entry}, nil
}

// fail ends a socket that was not connected: it sends no further packet.
func (e *end) fail(cause error) {
	e.once.Do(func() {
		// Otherwise the kernel would go on sending SYNs, because this descriptor is open.
		disconnect(e.fd)
		switch {
		case e.protocol == unix.IPPROTO_UDP:
			e.registry.linger(e, lingerUDP)
		case errors.Is(cause, syscall.ECONNREFUSED):
			e.registry.linger(e, lingerShort)
		default:
			e.registry.linger(e, lingerTCP)
		}
	})
}

// abort ends a connection at once by a reset; data that was not sent yet is discarded.
func (e *end) abort() {
	e.once.Do(func() {
		disconnect(e.fd)
		e.registry.linger(e, lingerTCP)
	})
}

// close ends a connection like close(2): written data is still sent.
func (e *end) close() {
	e.once.Do(func() {
		if e.protocol == unix.IPPROTO_UDP {
			e.registry.linger(e, lingerUDP)
			return
		}
		_ = unix.Shutdown(e.fd, unix.SHUT_RDWR)
		e.registry.linger(e, lingerTCP)
	})
}

// stopListening ends a listening socket on lo, where packets do not take long.
func (e *end) stopListening() {
	e.once.Do(func() {
		_ = unix.Shutdown(e.fd, unix.SHUT_RDWR)
		e.registry.linger(e, lingerShort)
	})
}

// finish resets a connection whose other side has not closed its half yet.
func (e *end) finish() {
	disconnect(e.fd)
}

// release frees the port.
func (e *end) release() {
	_ = unix.Close(e.fd)
}
