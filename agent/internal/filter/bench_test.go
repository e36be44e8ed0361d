package filter

import (
	"encoding/binary"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/traffic"
)

// tcpPacket is one of the app's from the pod's address, with a port beside those of the flows.
func tcpPacket(six bool) []byte {
	flow := distinct(1, six)[0]
	ip := make([]byte, 40)
	ip[0] = 0x45
	ip[9] = 6
	copy(ip[12:], flow.Local.Addr().AsSlice())
	copy(ip[16:], flow.Remote.Addr().AsSlice())
	ethertype, transport := uint16(0x0800), ip[20:]
	if six {
		ip = make([]byte, 60)
		ip[0], ip[6] = 0x60, 6
		copy(ip[8:], flow.Local.Addr().AsSlice())
		copy(ip[24:], flow.Remote.Addr().AsSlice())
		ethertype, transport = 0x86dd, ip[40:]
	}
	binary.BigEndian.PutUint16(transport, 33999)
	binary.BigEndian.PutUint16(transport[2:], 443)
	transport[12] = 0x50
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), ethertype), ip...)
}

// TestCost says what the prologue and the headers' tail cost a packet in the kernel. It compares programs that have
// them many times with one that has them not, by the thread's processor time: a figure, and no bound, since the machine
// may be busy.
func TestCost(t *testing.T) {
	if os.Getenv("PACKET_CAPTURE_TEST_COST") == "" {
		t.Skip("PACKET_CAPTURE_TEST_COST is not set")
	}
	runtime.LockOSThread()
	for _, six := range []bool{false, true} {
		nothing := Program{{Op: returnK}}
		base := cost(t, nothing, tcpPacket(six))
		for _, count := range []int{1, 10, 50, 200} {
			program, copies := repeated(t, distinct(count, six))
			took := cost(t, program, tcpPacket(six))
			t.Logf("IPv6 %v, %d flows: %.1f ns a packet (%d instructions)", six, count, float64(took-base)/float64(copies), len(program)/copies)
		}
		program, copies := repeatedHeaders(t)
		took := cost(t, program, tcpPacket(six))
		t.Logf("IPv6 %v, headers: %.1f ns a packet (%d instructions)", six, float64(took-base)/float64(copies), len(program)/copies)
	}
}

// repeatedHeaders is the tail several times: where it would return, the next one begins.
func repeatedHeaders(t *testing.T) (program Program, copies int) {
	t.Helper()
	var a assembler
	for copies = 0; copies < 8; copies++ {
		from := len(a.instructions)
		writeHeaders(&a, Ethernet)
		behind := a.label()
		for i, one := range a.instructions[from:] {
			if one.Op == returnA {
				a.instructions[from+i] = instruction{RawInstruction: bpf.RawInstruction{Op: jumpAlways}, yes: behind, no: next}
			}
		}
		a.place(behind)
	}
	a.emit(returnK, 0)
	program, err := a.program()
	if err != nil {
		t.Fatal(err)
	}
	return program, copies
}

// repeated is the prologue several times, and then nothing is taken.
func repeated(t *testing.T, flows []traffic.Flow) (program Program, copies int) {
	t.Helper()
	for copies = 20; ; copies-- {
		var a assembler
		for range copies {
			drops, passes := a.label(), a.label()
			newPrologue(&a, Ethernet, flows, passes, drops).write()
			a.place(drops)
			a.emit(returnK, 0)
			a.place(passes)
		}
		a.emit(returnK, 0)
		if program, err := a.program(); err == nil {
			return program, copies
		}
	}
}

// cost is the least processor time of a packet, in nanoseconds.
func cost(t *testing.T, program Program, bytes []byte) time.Duration {
	t.Helper()
	k := newKernel(t)
	k.attach(t, program)
	least := time.Duration(1 << 62)
	for range 60 {
		const packets = 2000
		begin := processor(t)
		for range packets {
			if err := unix.Send(k.from, bytes, 0); err != nil {
				t.Fatal(err)
			}
		}
		least = min(least, (processor(t)-begin)/packets)
	}
	return least
}

func processor(t *testing.T) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}
