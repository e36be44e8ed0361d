package traffic

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bindTries is how often a port may be taken by somebody else in the moment between its choice and its use.
const bindTries = 16

// routeTo is the address from which the kernel would send to remote, without a port. Nothing is sent: a UDP socket only
// looks the way up when it is connected.
func routeTo(remote netip.AddrPort) (netip.AddrPort, error) {
	fd, err := unix.Socket(familyOf(remote), unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("socket: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Connect(fd, sockaddr(remote)); err != nil {
		return netip.AddrPort{}, fmt.Errorf("connect: %w", err)
	}
	local, err := localOf(fd)
	return netip.AddrPortFrom(local.Addr(), 0), err
}

// bindPort binds the socket fd to a port of that address which the kernel chooses and which is the socket's alone for as
// long as it is open, whatever becomes of its connections.
//
// A port that bind(2) itself chooses is given back when the connection ends (SOCK_BINDPORT_LOCK in inet_put_port, Linux), so
// another socket asks for one first, and fd is then bound to just that.
func bindPort(fd, protocol int, address netip.AddrPort) (netip.AddrPort, error) {
	for range bindTries {
		local, err := freePort(protocol, address)
		if err != nil {
			return netip.AddrPort{}, err
		}
		err = unix.Bind(fd, sockaddr(local))
		if err == nil {
			return local, nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return netip.AddrPort{}, err
		}
	}
	return netip.AddrPort{}, unix.EADDRINUSE
}

// freePort is address with a port that nobody has.
func freePort(protocol int, address netip.AddrPort) (netip.AddrPort, error) {
	kind := unix.SOCK_STREAM
	if protocol == unix.IPPROTO_UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(familyOf(address), kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Bind(fd, sockaddr(address)); err != nil {
		return netip.AddrPort{}, err
	}
	return localOf(fd)
}

// disconnect resets a connection, or has the kernel forget a request for one. The socket keeps its port.
func disconnect(fd int) {
	unspecified := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	// It fails for what is not connected, as it should.
	_, _, _ = unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspecified)), unsafe.Sizeof(unspecified))
}

func familyOf(address netip.AddrPort) int {
	if address.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func sockaddr(address netip.AddrPort) unix.Sockaddr {
	if address.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16(), ZoneId: zoneOf(address.Addr())}
}

// zoneOf is the number of the interface that an address is of; 0 for an address that is of all.
func zoneOf(address netip.Addr) uint32 {
	if number, err := strconv.ParseUint(address.Zone(), 10, 32); err == nil {
		return uint32(number)
	}
	if address.Zone() == "" {
		return 0
	}
	found, err := net.InterfaceByName(address.Zone())
	if err != nil {
		return 0
	}
	return uint32(found.Index)
}

// localOf is where a socket is bound to.
func localOf(fd int) (netip.AddrPort, error) {
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("getsockname: %w", err)
	}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(bound.Addr), uint16(bound.Port)), nil
	case *unix.SockaddrInet6:
		address := netip.AddrFrom16(bound.Addr)
		if bound.ZoneId != 0 {
			address = address.WithZone(strconv.FormatUint(uint64(bound.ZoneId), 10))
		}
		return netip.AddrPortFrom(address, uint16(bound.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("getsockname: %w", unix.EAFNOSUPPORT)
}

// withoutZone is how an address stands in packets.
func withoutZone(address netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port())
}
