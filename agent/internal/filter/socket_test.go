package filter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// packetSocket is a socket of the kind that captures have.
type packetSocket struct{ fd, iface int }

// openSocket opens one; kind is SOCK_RAW, or SOCK_DGRAM for a cooked one.
func openSocket(t *testing.T, name string, kind int) *packetSocket {
	t.Helper()
	iface, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: iface.Index}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	return &packetSocket{fd, iface.Index}
}

func (s *packetSocket) attach(t *testing.T, program Program) {
	t.Helper()
	(&kernel{to: s.fd}).attach(t, program)
}

func (s *packetSocket) send(t *testing.T, frame []byte) {
	t.Helper()
	if err := unix.Sendto(s.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: s.iface}); err != nil {
		t.Fatal(err)
	}
}

// mark is where the test's packets say that they come from: the kernel itself has things to say too.
var mark = []byte{0x02, 0xcc, 0xcc, 0xcc, 0xcc, 0xcd}

// next is what the socket keeps of the next packet of the test.
func (s *packetSocket) next(t *testing.T) []byte {
	t.Helper()
	buffer := make([]byte, 1<<16)
	for {
		count, from, err := unix.Recvfrom(s.fd, buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			t.Fatalf("no packet comes: %v", err)
		}
		if address := from.(*unix.SockaddrLinklayer); bytes.Equal(address.Addr[:6], mark) {
			return slices.Clone(buffer[:count])
		}
	}
}

// frames are packets of the generator that Ethernet takes, marked.
func frames(count int) [][]byte {
	g := newGenerator(55)
	var list [][]byte
	for len(list) < count {
		p := g.packet(Ethernet)
		if len(p.bytes) >= 60 && len(p.bytes) < 1500 {
			copy(p.bytes, []byte{0x02, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc})
			copy(p.bytes[6:], mark)
			list = append(list, p.bytes)
		}
	}
	return list
}

// received is a frame as a socket of the other side sees it: the kernel takes the outer VLAN tag off.
func received(frame []byte) []byte {
	if ethertype := binary.BigEndian.Uint16(frame[12:]); ethertype != 0x8100 && ethertype != 0x88a8 {
		return frame
	}
	return slices.Concat(frame[:12], frame[16:])
}

func TestPacketSocketsKeepHeaders(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "e0", 7)
	raw, cooked, sender := openSocket(t, "e0", unix.SOCK_RAW), openSocket(t, "e0", unix.SOCK_DGRAM), openSocket(t, "peere0", unix.SOCK_RAW)
	raw.attach(t, headersProgram(t, Ethernet))
	cooked.attach(t, headersProgram(t, Cooked))
	for _, frame := range frames(3000) {
		sender.send(t, frame)
		seen := received(frame)
		if got, want := raw.next(t), min(referenceHeaders(packet{bytes: seen}, Ethernet), len(seen)); len(got) != want || !bytes.Equal(got, seen[:want]) {
			t.Fatalf("%d bytes, not %d, of %x", len(got), want, seen)
		}
		network := packet{bytes: seen[14:], protocol: uint32(binary.BigEndian.Uint16(seen[12:]))}
		if got, want := cooked.next(t), max(referenceHeaders(network, Cooked), 1); len(got) != want {
			t.Fatalf("a cooked socket keeps %d bytes, not %d, of %x", len(got), want, seen)
		}
	}
}

// Own flows are left out of both kinds of sockets, and nothing else: the packet that follows is always the next one.
func TestPacketSocketsLeaveOwnFlowsOut(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "e0", 7)
	flows := newGenerator(8).flows(30)
	sockets := map[LinkType]*packetSocket{Ethernet: openSocket(t, "e0", unix.SOCK_RAW), Cooked: openSocket(t, "e0", unix.SOCK_DGRAM)}
	for link, socket := range sockets {
		program, err := Build(nil, link, settings.Snaplen{}, flows)
		if err != nil {
			t.Fatal(err)
		}
		socket.attach(t, program)
	}
	sender := openSocket(t, "peere0", unix.SOCK_RAW)
	var left int
	for _, frame := range frames(3000) {
		sender.send(t, frame)
		seen := received(frame)
		network := packet{bytes: seen[14:], protocol: uint32(binary.BigEndian.Uint16(seen[12:]))}
		for link, p := range map[LinkType]packet{Ethernet: {bytes: seen}, Cooked: network} {
			if isOwn(p, link, flows) {
				left++
			} else if got := sockets[link].next(t); !bytes.Equal(got, p.bytes) {
				t.Fatalf("link type %d: %x comes, not %x", link, got, p.bytes)
			}
		}
	}
	if left == 0 {
		t.Error("no packet was of the flows")
	}
	t.Logf("%d times a packet was of the flows", left)
}

// What tcpdump makes for a live capture works with the kernel's metadata, on both sides.
func TestLiveExpressions(t *testing.T) {
	c := newCompiler(t)
	nettest.Enter(t)
	nettest.Pair(t, "e0", 7)
	for expression, takes := range map[string]func(frame []byte) bool{
		"vlan":     func(frame []byte) bool { return isTagged(frame[12:]) },
		"vlan 5":   func(frame []byte) bool { return isTagged(frame[12:]) && binary.BigEndian.Uint16(frame[14:])&0xfff == 5 },
		"inbound":  func([]byte) bool { return true },
		"outbound": func([]byte) bool { return false },
		// Of a packet whose tag the kernel has taken off, it asks what is behind the tag: tcpdump does so too.
		"ip":          func(frame []byte) bool { return binary.BigEndian.Uint16(received(frame)[12:]) == 0x0800 },
		"vlan and ip": func(frame []byte) bool { return isTagged(frame[12:]) && binary.BigEndian.Uint16(frame[16:]) == 0x0800 },
	} {
		user, err := c.Compile(t.Context(), expression, "e0", Ethernet)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		socket, sender := openSocket(t, "e0", unix.SOCK_RAW), openSocket(t, "peere0", unix.SOCK_RAW)
		socket.attach(t, build(t, user, settings.Snaplen{Headers: true}, []traffic.Flow{{Protocol: 6, Local: netipPort("10.9.9.9:9"), Remote: netipPort("10.9.9.8:9")}}))
		for i, frame := range frames(500) {
			// The tag of some is the one that is asked for.
			if isTagged(frame[12:]) && i%2 == 0 {
				binary.BigEndian.PutUint16(frame[14:], 5)
			}
			sender.send(t, frame)
			if !takes(frame) {
				continue
			}
			seen := received(frame)
			if got, want := socket.next(t), min(referenceHeaders(packet{bytes: seen}, Ethernet), len(seen)); !bytes.Equal(got, seen[:want]) {
				t.Fatalf("%s: %x comes, not %x", expression, got, seen[:want])
			}
		}
	}
}

func isTagged(ethertype []byte) bool {
	return slices.Contains([]uint16{0x8100, 0x88a8, 0x9100}, binary.BigEndian.Uint16(ethertype))
}
