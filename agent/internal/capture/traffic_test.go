package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/nettest"
)

// pace sleeps every now and then: what is compared is not how much two captures stand.
func pace(sent int) {
	if sent%64 == 63 {
		time.Sleep(time.Millisecond)
	}
}

// onOneProcessor keeps the test's thread on one: of packets from several ones each may be the first at a socket.
// Programs that it starts meanwhile stay there, too.
func onOneProcessor(t *testing.T) (release func()) {
	t.Helper()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for cpu := range len(before) * 64 {
		if before.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) }
}

// udp sends UDP packets to an address, of a size that each number has.
func udp(t *testing.T, address string, count int, size func(number int) int) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 1<<16)
	for i := range count {
		payload := buffer[:max(4, size(i))]
		for at := range payload {
			payload[at] = byte(i + at)
		}
		binary.BigEndian.PutUint32(payload, uint32(i))
		// Nobody listens: the kernel tells so instead of sending the next.
		if _, err := conn.Write(payload); errors.Is(err, unix.ECONNREFUSED) {
			_, _ = conn.Write(payload)
		}
		pace(i)
	}
}

// many sends packets of many sizes by the kernel's own way.
func many(address string) func(t *testing.T, count int) {
	return func(t *testing.T, count int) {
		udp(t, address, count, func(i int) int { return 4 + i*37%1400 })
	}
}

// fragments sends packets that do not fit into one of the interface's.
func fragments(address string) func(t *testing.T, count int) {
	return func(t *testing.T, count int) {
		udp(t, address, count/20, func(i int) int { return 1500 + i*997%60_000 })
	}
}

// mark sends a text by which the beginning or the end is found in a capture.
func mark(t *testing.T, address string, text []byte) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write(text)
}

// sendRaw sends frames as they are out of an interface.
func sendRaw(t *testing.T, name string, count int, frame func(number int) []byte) {
	t.Helper()
	n, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for i := range count {
		if err := unix.Sendto(fd, frame(i), 0, &unix.SockaddrLinklayer{Ifindex: n.Index}); err != nil {
			t.Fatal(err)
		}
		pace(i)
	}
}

// addresses of a frame to nobody.
const addresses = "\x02\x00\x00\x00\x00\x09\x02\x00\x00\x00\x00\x01"

// tagged gives frames as they are on a trunk: with a tag, with two, with none, with one of priority alone, and odd
// ones.
func tagged(i int) []byte {
	tag := binary.BigEndian.AppendUint16(nil, uint16(i))
	var head string
	switch i % 8 {
	case 0, 1, 2:
		head = "\x81\x00" + string(tag) + "\x08\x00\x45"
	case 3:
		head = "\x88\xa8" + string(tag) + "\x81\x00\x00\x05\x08\x00"
	case 4:
		head = "\x81\x00\xe0\x00\x86\xdd"
	case 5:
		head = "\x86\xdd"
	case 6:
		head = "\x81\x00"
	case 7:
		// A length, as IEEE 802.3 has it.
		head = "\x00\x40"
	}
	return append([]byte(addresses+head), bytes.Repeat([]byte{byte(i)}, i*31%1400)...)
}

// segments sends a stream by TCP, in writes of that size, to who throws it away.
func segments(address string, size int) func(t *testing.T, count int) {
	return func(t *testing.T, count int) {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		payload := make([]byte, size)
		for i := range count {
			for at := 0; at < len(payload); at += 64 {
				binary.BigEndian.PutUint32(payload[at:], uint32(i))
			}
			if _, err := conn.Write(payload); err != nil {
				t.Fatal(err)
			}
			if i%8 == 7 {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// discard takes TCP connections of the calling thread's namespace, and throws away what they bring.
func discard(t *testing.T, address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
}

// farEnd has the other end of eth0 in a namespace of its own, with addresses, and takes TCP connections there.
func farEnd(t *testing.T) {
	t.Helper()
	tid, moved, ready := make(chan int), make(chan bool), make(chan error)
	go func() {
		// Without an unlock: the thread, and the namespace, end with the goroutine.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			ready <- err
			return
		}
		tid <- unix.Gettid()
		if !<-moved {
			return
		}
		out, err := exec.Command("sh", "-ec", `ip link set lo up; ip link set peereth0 up; ip address add 10.0.0.2/24 dev peereth0
			ip -6 address add fd00::2/64 dev peereth0 nodad`).CombinedOutput()
		if err != nil {
			ready <- fmt.Errorf("%w: %s", err, out)
			return
		}
		discard(t, "10.0.0.2:9999")
		discard(t, "[fd00::2]:9999")
		ready <- nil
	}()
	select {
	case err := <-ready:
		t.Fatal(err)
	case thread := <-tid:
		nettest.Run(t, "ip", "link", "set", "peereth0", "netns", fmt.Sprint(thread))
		moved <- true
	}
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	version6(t)
}

// version6 gives eth0 an address of IPv6.
func version6(t *testing.T) {
	nettest.Run(t, "sh", "-ec", `echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip -6 address add fd00::1/64 dev eth0 nodad
		ip -6 neighbour add fd00::9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent`)
}

func vlan(t *testing.T) {
	runOrSkip(t, `ip link add link eth0 name eth0.5 type vlan id 5; ip link set eth0.5 up
		ip address add 10.5.0.1/24 dev eth0.5; ip neighbour add 10.5.0.9 lladdr 02:00:00:00:00:09 dev eth0.5 nud permanent`)
}

// over makes an interface of a kind, under the name and in the subnet that all tests have for it.
func over(name, command string) func(t *testing.T) {
	return func(t *testing.T) {
		runOrSkip(t, command+`; ip link set `+name+` up; ip address add 10.6.0.1/24 dev `+name+`
			ip neighbour add 10.6.0.9 lladdr 02:00:00:00:00:09 dev `+name+` nud permanent 2>/dev/null || :`)
	}
}

// runOrSkip is for kinds of interfaces that not every kernel has.
func runOrSkip(t *testing.T, command string) {
	t.Helper()
	out, err := exec.Command("sh", "-ec", command).CombinedOutput()
	for _, without := range []string{"Unknown device type", "not supported", "is unknown"} {
		if strings.Contains(string(out), without) {
			t.Skipf("this kernel has none: %s: %s", command, out)
		}
	}
	if err != nil {
		t.Fatalf("%s: %s", command, out)
	}
}

// tunnel makes tun0 of a kind, over eth0.
func tunnel(kind string) func(t *testing.T) {
	return func(t *testing.T) {
		runOrSkip(t, "ip link add tun0 type "+kind+" local 10.0.0.1 remote 10.0.0.9; ip link set tun0 up; ip address add 10.6.0.1/24 dev tun0")
	}
}

// Hardware types that have no link type of their own.
const (
	arphrdPPP   = 512
	arphrdIPGRE = 778
)

// tun makes tun0, which says that it is of some hardware type.
func tun(hardware int) func(t *testing.T) {
	return func(t *testing.T) { device(t, unix.IFF_TUN, hardware) }
}

// tap makes tun0 with Ethernet.
func tap(t *testing.T) {
	device(t, unix.IFF_TAP, arphrdEther)
	nettest.Run(t, "ip", "neighbour", "add", "10.6.0.9", "lladdr", "02:00:00:00:00:09", "dev", "tun0", "nud", "permanent")
}

// device makes tun0, from which somebody takes all packets.
func device(t *testing.T, kind uint16, hardware int) *os.File {
	t.Helper()
	file := makeDevice(t, kind, hardware)
	nettest.Run(t, "sh", "-ec", "ip link set tun0 up; ip address add 10.6.0.1/24 dev tun0")
	go func() {
		packet := make([]byte, 1<<16)
		for {
			if _, err := file.Read(packet); errors.Is(err, os.ErrClosed) {
				return
			}
		}
	}()
	return file
}

// makeDevice makes tun0, which is down.
func makeDevice(t *testing.T, kind uint16, hardware int) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip(err)
	}
	request, err := unix.NewIfreq("tun0")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(kind | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETLINK, hardware); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "tun0")
	t.Cleanup(func() { _ = file.Close() })
	return file
}
