package mirror

import (
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

func init() {
	// Errors with the kernel's own words.
	nl.EnableErrorMessageReporting = true
}

// Watch calls fn on the loop whenever interfaces, addresses, routes or filters of the pod have changed: those of this
// program among them.
func Watch(l *loop.Loop, fn func()) error {
	groups := []uint{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_TC}
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE, groups...)
	if err != nil {
		return fmt.Errorf("cannot watch interfaces and filters: %w", err)
	}
	fd := socket.GetFd()
	var message [4096]byte
	return l.Add(fd, func() {
		// The messages only mean that something has changed, and so does ENOBUFS (too many at once).
		for {
			if _, _, err := unix.Recvfrom(fd, message[:], unix.MSG_DONTWAIT); err != nil && err != unix.ENOBUFS {
				break
			}
		}
		fn()
	})
}
