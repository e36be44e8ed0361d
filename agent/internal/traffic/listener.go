package traffic

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// listener is a port that the agent listens on.
type listener struct {
	net.Listener
	end *end
}

// Listen listens on a port of 127.0.0.1. Captures of lo leave out packets to and from this port.
func (d *Dialer) Listen() (net.Listener, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = file.Close() }()
	local, err := bindPort(fd, unix.IPPROTO_TCP, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
	if err != nil {
		return nil, fmt.Errorf("bind to a local port: %w", err)
	}
	end, err := hold(d.Registry, fd, Flow{Protocol: unix.IPPROTO_TCP, Local: local})
	if err != nil {
		return nil, err
	}
	l := &listener{end: end}
	err = unix.Listen(fd, unix.SOMAXCONN)
	if err == nil {
		l.Listener, err = net.FileListener(file)
	}
	if err != nil {
		end.stopListening()
		return nil, errors.Join(errors.New("listen"), err)
	}
	return l, nil
}

// Close closes the listener. The agent keeps the port until the last packets on lo have passed.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.end.stopListening()
	return err
}
