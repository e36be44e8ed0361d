// Package links lists the network interfaces of the pod and watches for changes, by netlink (rtnetlink(7)). It accepts
// messages of the kernel only: a process with NET_ADMIN in the pod may send to such a socket too.
package links

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

// Link is a network interface.
type Link struct {
	Name  string
	Index int
	// Hardware is its type, ARPHRD_ of if_arp.h.
	Hardware uint16
	// Up: it was set up (IFF_UP).
	Up bool
}

// bufferSize is the buffer for a message in bytes; the kernel puts as many interfaces into one as fit.
const bufferSize = 16 << 10

// buffers are used again: every change of settings lists interfaces.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// List returns all interfaces, in the order in which they were made.
func List() ([]Link, error) {
	fd, err := open(0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, dumpRequest(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	var links []Link
	pooled := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(pooled)
	buffer := pooled[:]
	for {
		n, err := receive(fd, buffer)
		if err != nil {
			return nil, fmt.Errorf("netlink: %w", err)
		}
		done, err := eachMessage(buffer[:n], func(kind uint16, body []byte) error {
			if kind == unix.RTM_NEWLINK {
				if link, ok := parse(body); ok {
					links = append(links, link)
				}
			}
			return nil
		})
		if done || err != nil {
			return links, err
		}
	}
}

// Watch calls fn on the loop whenever interfaces may have changed.
func Watch(l *loop.Loop, fn func()) error {
	fd, err := open(unix.RTMGRP_LINK)
	if err != nil {
		return err
	}
	buffer := make([]byte, 4096)
	return l.Add(fd, func() {
		for any := false; ; any = true {
			if _, err := receive(fd, buffer); err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, errShort) {
				// There are no more messages. Lost ones (ENOBUFS) do not matter: fn lists the interfaces.
				if any {
					fn()
				}
				return
			}
		}
	})
}

func open(groups uint32) (int, error) {
	kind := unix.SOCK_RAW | unix.SOCK_CLOEXEC
	if groups != 0 {
		kind |= unix.SOCK_NONBLOCK
	}
	fd, err := unix.Socket(unix.AF_NETLINK, kind, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("netlink socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return -1, errors.Join(fmt.Errorf("netlink socket: %w", err), unix.Close(fd))
	}
	return fd, nil
}

// receive returns the next message that the kernel has sent.
func receive(fd int, buffer []byte) (int, error) {
	for {
		n, from, err := unix.Recvfrom(fd, buffer, unix.MSG_TRUNC)
		switch sender, ok := from.(*unix.SockaddrNetlink); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, err
		case ok && sender.Pid == 0 && n > len(buffer):
			return 0, errShort
		case ok && sender.Pid == 0:
			return n, nil
		}
	}
}

func dumpRequest() []byte {
	request := make([]byte, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], unix.RTM_GETLINK)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	return request
}

// errShort: a message is shorter than its own length.
var errShort = errors.New("netlink: a message is cut")

// eachMessage calls fn with the type and the body of each message; done says that the kernel's answer is at its end.
func eachMessage(messages []byte, fn func(kind uint16, body []byte) error) (done bool, err error) {
	for len(messages) >= unix.SizeofNlMsghdr {
		length := int(binary.NativeEndian.Uint32(messages))
		if length < unix.SizeofNlMsghdr || length > len(messages) {
			return false, errShort
		}
		kind, body := binary.NativeEndian.Uint16(messages[4:]), messages[unix.SizeofNlMsghdr:length]
		switch kind {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if len(body) < 4 {
				return false, errShort
			}
			return true, fmt.Errorf("netlink: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
		}
		if err := fn(kind, body); err != nil {
			return false, err
		}
		messages = messages[min(align(length), len(messages)):]
	}
	return false, nil
}

// parse reads a struct ifinfomsg and the attributes after it.
func parse(body []byte) (Link, bool) {
	if len(body) < unix.SizeofIfInfomsg {
		return Link{}, false
	}
	link := Link{
		Hardware: binary.NativeEndian.Uint16(body[2:]),
		Index:    int(int32(binary.NativeEndian.Uint32(body[4:]))),
		Up:       binary.NativeEndian.Uint32(body[8:])&unix.IFF_UP != 0,
	}
	for rest := body[unix.SizeofIfInfomsg:]; len(rest) >= unix.SizeofRtAttr; {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < unix.SizeofRtAttr || length > len(rest) {
			break
		}
		if binary.NativeEndian.Uint16(rest[2:]) == unix.IFLA_IFNAME {
			link.Name = strings.TrimRight(string(rest[unix.SizeofRtAttr:length]), "\x00")
		}
		rest = rest[min(align(length), len(rest)):]
	}
	return link, link.Name != ""
}

// align rounds up to where the next message or attribute begins.
func align(length int) int {
	return (length + 3) &^ 3
}
