package filter

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// packet is what a program looks at: bytes, and what the kernel says about them.
type packet struct {
	bytes []byte
	// protocol is the ethertype that the kernel knows.
	protocol uint32
	// kind is 4 for a packet that goes out (PACKET_OUTGOING).
	kind uint32
	// tag is a VLAN tag that the kernel took off; 0 is none.
	tag uint32
}

// run executes a program as the kernel does.
func run(t testing.TB, program Program, p packet) int {
	t.Helper()
	m := machine{packet: p}
	for at := 0; at < len(program); at++ {
		one := program[at]
		switch one.Op & classMask {
		case classReturn:
			if one.Op == returnA {
				return int(m.a)
			}
			return int(one.K)
		case classJump:
			at += m.jump(t, one)
		default:
			if !m.step(t, one) {
				return 0
			}
		}
	}
	t.Fatal("the program has no end")
	return 0
}

type machine struct {
	packet
	a, x   uint32
	memory [16]uint32
}

func (m *machine) jump(t testing.TB, one bpf.RawInstruction) int {
	operand := one.K
	if one.Op&0x08 != 0 {
		operand = m.x
	}
	yes := false
	switch one.Op & 0xf0 {
	case 0x00:
		return int(one.K)
	case 0x10:
		yes = m.a == operand
	case 0x20:
		yes = m.a > operand
	case 0x30:
		yes = m.a >= operand
	case 0x40:
		yes = m.a&operand != 0
	default:
		t.Fatalf("no such jump: %#x", one.Op)
	}
	if yes {
		return int(one.Jt)
	}
	return int(one.Jf)
}

// step is false when a load is beyond the packet's end.
func (m *machine) step(t testing.TB, one bpf.RawInstruction) bool {
	ok := true
	switch one.Op & classMask {
	case classLoad:
		m.a, ok = m.load(t, one)
	case classLoadX:
		m.x, ok = m.load(t, one)
	case 0x02:
		m.memory[one.K] = m.a
	case 0x03:
		m.memory[one.K] = m.x
	case 0x04:
		operand := one.K
		if one.Op&0x08 != 0 {
			operand = m.x
		}
		m.a = compute(t, one.Op, m.a, operand)
	case 0x07:
		if one.Op == moveToA {
			m.a = m.x
		} else {
			m.x = m.a
		}
	}
	return ok
}

func compute(t testing.TB, op uint16, a, operand uint32) uint32 {
	switch op & 0xf0 {
	case 0x00:
		return a + operand
	case 0x10:
		return a - operand
	case 0x20:
		return a * operand
	case 0x40:
		return a | operand
	case 0x50:
		return a & operand
	case 0x60:
		return a << operand
	case 0x70:
		return a >> operand
	}
	t.Fatalf("no such operation: %#x", op)
	return 0
}

func (m *machine) load(t testing.TB, one bpf.RawInstruction) (uint32, bool) {
	offset := uint64(one.K)
	switch one.Op & modeMask {
	case 0x00:
		return one.K, true
	case 0x60:
		return m.memory[one.K], true
	case 0x80:
		return uint32(len(m.bytes)), true
	case modeAbs:
		if one.K >= special {
			return m.about(t, one.K), true
		}
	case modeInd:
		offset = uint64(m.x + one.K)
	case modeHeader:
		value, ok := m.at(offset, 1)
		return value & 15 * 4, ok
	}
	return m.at(offset, map[uint16]uint64{0x00: 4, 0x08: 2, 0x10: 1}[one.Op&0x18])
}

func (m *machine) at(offset, size uint64) (uint32, bool) {
	if offset+size > uint64(len(m.bytes)) {
		return 0, false
	}
	var word [4]byte
	copy(word[4-size:], m.bytes[offset:offset+size])
	return binary.BigEndian.Uint32(word[:]), true
}

func (m *machine) about(t testing.TB, k uint32) uint32 {
	switch k - special {
	case 0:
		return m.protocol
	case 4:
		return m.kind
	case 8:
		return 1
	case 44:
		return m.tag
	case 48:
		return min(m.tag, 1)
	}
	t.Fatalf("no such special offset: %d", k-special)
	return 0
}

// kernel runs programs in the kernel: packets go through a pair of sockets, of which the one that receives has the
// filter. It knows nothing of VLAN tags, protocols and directions.
type kernel struct{ from, to int }

func newKernel(t testing.TB) *kernel {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	return &kernel{pair[0], pair[1]}
}

func (k *kernel) attach(t testing.TB, program Program) {
	t.Helper()
	filters := make([]unix.SockFilter, len(program))
	for i, one := range program {
		filters[i] = unix.SockFilter{Code: one.Op, Jt: one.Jt, Jf: one.Jf, K: one.K}
	}
	err := unix.SetsockoptSockFprog(k.to, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]})
	if err != nil {
		t.Fatalf("the kernel does not take a program of %d instructions: %v", len(program), err)
	}
}

// keeps is how many bytes of the packet came through.
func (k *kernel) keeps(t testing.TB, bytes []byte) int {
	t.Helper()
	if err := unix.Send(k.from, bytes, 0); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1<<17)
	count, err := unix.Read(k.to, buffer)
	if err == unix.EAGAIN {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return count
}
