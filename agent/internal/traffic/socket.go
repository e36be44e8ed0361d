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

// bindTries is how often another program may take a port between its choice and its use.
const bindTries = 16

// routeTo is the address from which the kernel would send to remote, with port 0. Nothing is sent: connecting a UDP
// socket only looks up the route.
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

// bindPort binds the socket fd to a port of that address that the kernel chooses. The socket has the port for as long
// as it is open, also after its connection ends.
//
// A port that bind(2) chooses by itself is released when the connection ends (SOCK_BINDPORT_LOCK in inet_put_port,
// Linux). So another socket asks for a port first, and fd is bound to that number.
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

// freePort is address with a free port.
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

// disconnect resets a connection, or cancels the request for one. The socket keeps its port.
func disconnect(fd int) {
	unspecified := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	// It fails for a socket that is not connected, which is fine.
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

// zoneOf is the index of the interface in an address's zone; 0 without a zone.
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

// localOf is the address and port to which a socket is bound.
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

// withoutZone is an address as packets hold it.
func withoutZone(address netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port())
}
