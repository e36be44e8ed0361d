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
	// blockSize is how much the kernel fills before it hands packets over. A segment of 64 KiB must fit, as the kernel makes
	// them; and what is read at once should fit into a processor's cache.
	blockSize = 256 << 10
	// frameSize says nothing in this version of the ring, but the kernel checks it.
	frameSize = 2048
	// fewestBlocks: one that is read and one that is filled.
	fewestBlocks = 2
	// Retire is how long the kernel keeps packets that do not fill a block. A block of small packets at 20,000 a second takes
	// about as long to fill. With 25 ms a million of these cost a quarter more CPU, and 100 ms save nothing more.
	Retire = 60 * time.Millisecond
)

// Interface is one to capture from.
type Interface struct {
	Name  string
	Index int
	Link  filter.LinkType
	// Cooked packets have a header of our own in the place of the link's.
	Cooked bool
	// loops says that packets which leave come back: they are not taken twice.
	loops bool
}

// NewInterface tells what packets of an interface look like, by its hardware type (ARPHRD_ of if_arp.h).
func NewInterface(name string, index int, hardware uint16) Interface {
	link, cooked := linkTypeOf(hardware, name)
	return Interface{name, index, link, cooked, hardware == arphrdLoopback || hardware == arphrdCAN}
}

// Options of a socket.
type Options struct {
	// Buffer is the size of the ring in bytes, rounded down to whole blocks.
	Buffer int64
	// Snaplen is how much is kept of a packet, with what is put before it here; 0: all that the program lets through.
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
	// next is the block that is read next; held blocks before it were read and are not given back yet.
	next, held int
	// taken are packets of blocks that were read.
	taken uint64
	stats Stats
}

// Stats are what the kernel counted since the socket was opened.
type Stats struct {
	// Received packets passed the program; those dropped are among them.
	Received uint64
	// Dropped for want of room in the ring.
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
		// Without a protocol it gets nothing until it is bound.
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

// prepare leaves the binding for the end: before, no packet may come that the program has not seen.
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

// map3 makes the ring, of version 3.
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

// ignoreOutgoing spares the ring what comes back in any case. Kernels before 4.20 cannot; it is left out when it is read, too.
func (s *Socket) ignoreOutgoing() error {
	if !s.loops {
		return nil
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
		return fmt.Errorf("PACKET_IGNORE_OUTGOING: %w", err)
	}
	return nil
}

// SetFilter puts another program in the place of the one that runs, between two packets. An empty program lets all through.
func (s *Socket) SetFilter(p filter.Program) error {
	if len(p) == 0 {
		// Never without one: SO_DETACH_FILTER is another step, and the socket may have none yet.
		p = everything
	}
	// The types are the same in all but name.
	program := unix.SockFprog{Len: uint16(len(p)), Filter: (*unix.SockFilter)(unsafe.Pointer(unsafe.SliceData(p)))}
	if err := unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program); err != nil {
		return fmt.Errorf("SO_ATTACH_FILTER of %d instructions: %w", len(p), err)
	}
	return nil
}

// SetSnaplen is for packets that are read from now on: with what is put before them here they are that long at most. What
// the kernel keeps of them is for the program to say.
func (s *Socket) SetSnaplen(snaplen int) {
	s.snaplen = snaplenOf(Options{Snaplen: snaplen})
}

// bind makes packets come: of this interface, as it sees all of them.
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
	// An interface that is down makes the socket say so once, and be readable until it has.
	_, _ = unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return nil
}

// FD is for a loop to wait at, by its edges.
func (s *Socket) FD() int {
	return s.fd
}

// Stats asks the kernel, whose own counters begin anew each time.
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

// Block is what the kernel filled and handed over, as enhanced packet blocks. They lie in the ring.
type Block struct {
	Packets pcapng.Packets
	Count   int
	// Last is the time of the last one, in nanoseconds since 1970.
	Last int64
	// number is the interface's in the packets.
	number uint32
}

// Next gives the next block, its packets as those of the interface of that number; false if there is none now. It stays until
// Release. A block may be without packets.
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

// Release gives the oldest block back that Next gave.
func (s *Socket) Release() {
	oldest := s.block(s.next - s.held + s.blocks)
	s.held--
	atomic.StoreUint32(&oldest.Block_status, unix.TP_STATUS_KERNEL)
}

// Quiet says that the kernel has no packet here that it has not handed over: whatever comes is later than now.
func (s *Socket) Quiet() bool {
	b := s.block(s.next)
	return s.held < s.blocks && atomic.LoadUint32(&b.Block_status)&unix.TP_STATUS_USER == 0 && atomic.LoadUint32(&b.Num_pkts) == 0
}

// everything is a program that lets all packets through whole: the most that a program can say.
var everything = filter.Program{{Op: 0x06, K: 0x7fffffff}}
