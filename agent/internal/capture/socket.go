package capture

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/pcapng"
)

const (
	// blockSize is how many bytes the kernel fills before it hands packets over. A segment of 64 KiB (GSO) must fit,
	// and a block should fit into a processor's cache.
	blockSize = 256 << 10
	// frameSize has no meaning in this version of the ring, but the kernel checks it.
	frameSize = 2048
	// fewestBlocks: one to read and one to fill.
	fewestBlocks = 2
	// Retire is how long the kernel keeps packets back that do not fill a block. A block of small packets at 20,000 a
	// second takes about as long to fill. With 25 ms a million of these cost a quarter more CPU, and 100 ms save
	// nothing more.
	Retire = 60 * time.Millisecond
)

// Interface is a network interface to capture from.
type Interface struct {
	Name  string
	Index int
	Link  filter.LinkType
	// Cooked packets have a header made by this package instead of the link header.
	Cooked bool
	// loops: packets that leave come back on the same interface; they are captured once.
	loops bool
}

// NewInterface derives the form of an interface's packets from its hardware type (ARPHRD_ of if_arp.h).
func NewInterface(name string, index int, hardware uint16) Interface {
	link, cooked := linkTypeOf(hardware, name)
	return Interface{name, index, link, cooked, hardware == arphrdLoopback || hardware == arphrdCAN}
}

// Options of a socket.
type Options struct {
	// Buffer is the size of the ring in bytes, rounded down to whole blocks.
	Buffer int64
	// Snaplen is how many bytes of a packet are kept, a cooked header included; 0: all that the program keeps.
	Snaplen int
	// Program decides in the kernel what is captured, from the first packet on.
	Program filter.Program
}

// Socket is a ring into which the kernel writes the packets of one interface.
type Socket struct {
	Interface
	fd      int
	ring    []byte
	blocks  int
	snaplen uint32
	// next is the block that is read next; the `held` blocks before it were read and are not released yet.
	next, held int
	// taken are packets of blocks that were read.
	taken uint64
	stats Stats
}

// Stats are what the kernel counted since the socket was opened.
type Stats struct {
	// Received packets passed the program; dropped ones are included.
	Received uint64
	// Dropped packets found no room in the ring.
	Dropped uint64
}

// Open makes a socket that captures from now on. It fails with an error that wraps unix.EPERM without NET_RAW, and
// with one that wraps unix.ENODEV or unix.ENXIO when the interface has gone.
func Open(from Interface, o Options) (*Socket, error) {
	kind := unix.SOCK_RAW
	if from.Cooked {
		kind = unix.SOCK_DGRAM
	}
	s := &Socket{Interface: from, fd: -1, snaplen: snaplenOf(o)}
	err := withNetRaw(func() (err error) {
		// Without a protocol it receives nothing until it is bound.
		s.fd, err = unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	if err := s.prepare(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func snaplenOf(o Options) uint32 {
	if o.Snaplen == 0 {
		return ^uint32(0)
	}
	return uint32(o.Snaplen)
}

// prepare binds the socket last: no packet may arrive before the program filters it.
func (s *Socket) prepare(o Options) error {
	for _, step := range []func() error{
		func() error { return s.map3(o.Buffer) },
		s.ignoreOutgoing,
		func() error { return s.SetFilter(o.Program) },
		s.bind,
		s.beginStats,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// map3 makes the ring, version 3, and maps it.
func (s *Socket) map3(buffer int64) error {
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("PACKET_VERSION: %w", err)
	}
	s.blocks = max(int(buffer/blockSize), fewestBlocks)
	size := s.blocks * blockSize
	request := unix.TpacketReq3{
		Block_size:     blockSize,
		Block_nr:       uint32(s.blocks),
		Frame_size:     frameSize,
		Frame_nr:       uint32(size / frameSize),
		Retire_blk_tov: uint32(Retire.Milliseconds()),
	}
	if err := unix.SetsockoptTpacketReq3(s.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return fmt.Errorf("ring of %d bytes: %w", size, err)
	}
	ring, err := unix.Mmap(s.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("ring of %d bytes: %w", size, err)
	}
	s.ring = ring
	return nil
}

// ignoreOutgoing keeps packets that come back out of the ring. Kernels before 4.20 cannot do that; encode leaves them
// out too.
func (s *Socket) ignoreOutgoing() error {
	if !s.loops {
		return nil
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
		return fmt.Errorf("PACKET_IGNORE_OUTGOING: %w", err)
	}
	return nil
}

// SetFilter replaces the running program between two packets. An empty program keeps all packets. If it fails, the old
// program stays.
func (s *Socket) SetFilter(p filter.Program) error {
	if len(p) == 0 {
		// SO_DETACH_FILTER would fail on a socket without a program.
		p = everything
	}
	// Both types have the same layout.
	program := unix.SockFprog{Len: uint16(len(p)), Filter: (*unix.SockFilter)(unsafe.Pointer(unsafe.SliceData(p)))}
	err := unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	switch {
	case errors.Is(err, unix.ENOMEM):
		// sk_filter_charge in net/core/filter.c; the kernel's default was 20 KiB before Linux 6.7.
		return fmt.Errorf("a filter of %d instructions is more than this node's net.core.optmem_max allows: %w", len(p), err)
	case err != nil:
		return fmt.Errorf("SO_ATTACH_FILTER of %d instructions: %w", len(p), err)
	}
	return nil
}

// SetSnaplen limits packets that are read from now on to that many bytes, a cooked header included. How much the kernel
// keeps is the program's decision.
func (s *Socket) SetSnaplen(snaplen int) {
	s.snaplen = snaplenOf(Options{Snaplen: snaplen})
}

// bind starts the arrival of packets: all that the interface sees (promiscuous mode).
func (s *Socket) bind() error {
	all := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8
	if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: s.Index}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	mreq := unix.PacketMreq{Ifindex: int32(s.Index), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
		return fmt.Errorf("PACKET_ADD_MEMBERSHIP: %w", err)
	}
	return nil
}

func (s *Socket) beginStats() error {
	// If the interface is down, the socket has an error, and is readable until it is fetched.
	_, _ = unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return nil
}

// FD is the descriptor that a loop watches (edge-triggered).
func (s *Socket) FD() int {
	return s.fd
}

// Stats asks the kernel, which resets its own counters each time.
func (s *Socket) Stats() (Stats, error) {
	news, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return s.stats, fmt.Errorf("PACKET_STATISTICS: %w", err)
	}
	s.stats.Received += uint64(news.Packets)
	s.stats.Dropped += uint64(news.Drops)
	return s.stats, nil
}

// Close gives the ring back to the kernel, with all that is in it.
func (s *Socket) Close() error {
	var errs []error
	if s.ring != nil {
		errs = append(errs, unix.Munmap(s.ring))
		s.ring = nil
	}
	if s.fd >= 0 {
		errs = append(errs, unix.Close(s.fd))
		s.fd = -1
	}
	return errors.Join(errs...)
}

// block is the header of the kernel's block (struct tpacket_block_desc with struct tpacket_hdr_v1).
type block struct {
	version, private uint32
	unix.TpacketHdrV1
}

func (s *Socket) block(number int) *block {
	return (*block)(unsafe.Pointer(&s.ring[number%s.blocks*blockSize]))
}

// Block is a block that the kernel has filled and handed over, as enhanced packet blocks. They lie in the ring.
type Block struct {
	Packets pcapng.Packets
	Count   int
	// Last is the time of the last packet, in nanoseconds since 1970.
	Last int64
	// number is the interface number in the packets.
	number uint32
}

// Next returns the next block, with that interface number in its packets, and false if none is ready. The block is
// valid until Release. It may have no packets.
func (s *Socket) Next(number uint32) (Block, bool) {
	b := s.block(s.next)
	if s.held == s.blocks || atomic.LoadUint32(&b.Block_status)&unix.TP_STATUS_USER == 0 {
		return Block{}, false
	}
	s.next = (s.next + 1) % s.blocks
	s.held++
	s.taken += uint64(atomic.LoadUint32(&b.Num_pkts))
	return s.encode(b, number), true
}

// Release gives the oldest block of Next back to the kernel.
func (s *Socket) Release() {
	oldest := s.block(s.next - s.held + s.blocks)
	s.held--
	atomic.StoreUint32(&oldest.Block_status, unix.TP_STATUS_KERNEL)
}

// Quiet reports whether the kernel has handed over all packets of this socket: the next one will be later than now.
func (s *Socket) Quiet() bool {
	b := s.block(s.next)
	return s.held < s.blocks && atomic.LoadUint32(&b.Block_status)&unix.TP_STATUS_USER == 0 && atomic.LoadUint32(&b.Num_pkts) == 0
}

// everything is a program that keeps all packets whole.
var everything = filter.Program{{Op: 0x06, K: 0x7fffffff}}
