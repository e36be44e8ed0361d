package capture

import (
	"math"

	"packet-capture/agent/internal/pcapng"
)

// forever is later than any packet.
const forever = math.MaxInt64

// Source is one of the sockets whose packets are merged.
type Source struct {
	*Socket
	// Number is the interface's in the file.
	Number uint32
	// Starting sources were opened ahead of the barrier, so that no packet is missing after it. Their packets before
	// the barrier are dropped.
	Starting bool

	// blocks were read from the ring and are not released yet; the first `done` of them are used up.
	blocks []Block
	done   int
	// seen is the time of the latest packet that was read.
	seen int64
}

// Sink takes packets in order of time.
type Sink interface {
	// Packets takes packets of one source. They are valid until Flush returns.
	Packets(from *Source, packets pcapng.Packets, count int)
	// Flush is called before the memory of the packets goes back to the kernel.
	Flush()
}

// Merger puts the packets of several sources into order of time. Packets of one source keep the kernel's order.
type Merger struct {
	Sources []*Source
	Sink    Sink

	// barrier is a time at which something changes, atBarrier what is called then; nil if there is no barrier.
	barrier   int64
	atBarrier func()
	hurried   bool
}

// At has Advance call fn between the packets before a time and the packets from then on. There may be one such time
// only; Pending reports whether there is one.
func (m *Merger) At(time int64, fn func()) {
	m.barrier, m.atBarrier, m.hurried = time, fn, false
}

// Pending reports whether a time set by At is still to come.
func (m *Merger) Pending() bool {
	return m.atBarrier != nil
}

// Hurry has the next Advance reach the time set by At, after all packets that have come by then: for a clock that was
// set back, so that the packets' times cannot be compared with it.
func (m *Merger) Hurry() {
	m.hurried = true
}

// Cancel removes the time that At has set.
func (m *Merger) Cancel() {
	m.atBarrier = nil
}

// Advance takes the packets that the kernel has handed over, up to the time before which no more can come. now is a
// time before the call, in nanoseconds since 1970: packets that came until then are in a ring.
func (m *Merger) Advance(now int64) {
	for {
		m.read()
		until := m.complete(now)
		passed := m.atBarrier != nil && (m.hurried || until >= m.barrier)
		switch {
		case passed && m.hurried:
			until = forever
		case passed:
			until = m.barrier - 1
		}
		m.emit(until)
		m.Sink.Flush()
		m.release()
		if !passed {
			return
		}
		fn := m.atBarrier
		m.atBarrier = nil
		for _, s := range m.Sources {
			s.Starting = false
		}
		fn()
	}
}

// read takes all blocks that are ready.
func (m *Merger) read() {
	for _, s := range m.Sources {
		for {
			b, ok := s.Next(s.Number)
			if !ok {
				break
			}
			s.seen = max(s.seen, b.Last)
			s.blocks = append(s.blocks, b)
		}
	}
}

// complete returns the time up to which no packet is missing. Where the kernel still holds packets of a source, that is
// the time of the last packet that it has handed over.
func (m *Merger) complete(now int64) int64 {
	if len(m.Sources) == 1 && m.atBarrier == nil {
		return forever
	}
	until := int64(forever)
	for _, s := range m.Sources {
		switch {
		case s.crowded():
			// Out of order is better than lost.
			return forever
		case s.Quiet():
			until = min(until, now)
		default:
			until = min(until, s.seen)
		}
	}
	return until
}

// emit hands on all packets up to and including a time.
func (m *Merger) emit(until int64) {
	for {
		first, bound := m.earliest()
		if first == nil || first.head().Packets.Time() > until {
			return
		}
		m.emitRun(first, min(until, bound))
	}
}

// earliest returns the source whose next packet is the earliest, and the time of the next packet of all others.
func (m *Merger) earliest() (first *Source, bound int64) {
	earliest := int64(forever)
	bound = forever
	for _, s := range m.Sources {
		b := s.head()
		if b == nil {
			continue
		}
		switch time := b.Packets.Time(); {
		case first == nil || time < earliest:
			first, earliest, bound = s, time, earliest
		case time < bound:
			bound = time
		}
	}
	return first, bound
}

// emitRun hands on the next packets of a source's first block, up to a time.
func (m *Merger) emitRun(s *Source, until int64) {
	b := s.head()
	length, count := len(b.Packets), b.Count
	if b.Last > until {
		// The first packet is included in any case: it is the earliest of all.
		length, count = b.Packets.Cut(max(until, b.Packets.Time()) + 1)
	}
	if b.number != s.Number {
		b.Packets.SetInterface(s.Number)
		b.number = s.Number
	}
	if !s.Starting {
		m.Sink.Packets(s, b.Packets[:length:length], count)
	}
	b.Packets, b.Count = b.Packets[length:], b.Count-count
}

// release gives blocks that are used up back to the kernel.
func (m *Merger) release() {
	for _, s := range m.Sources {
		// head counts the used-up blocks.
		s.head()
		for range s.done {
			s.Release()
		}
		s.blocks = s.blocks[:copy(s.blocks, s.blocks[s.done:])]
		s.done = 0
	}
}

// head is the first block that still holds packets, or nil.
func (s *Source) head() *Block {
	for s.done < len(s.blocks) && len(s.blocks[s.done].Packets) == 0 {
		s.done++
	}
	if s.done == len(s.blocks) {
		return nil
	}
	return &s.blocks[s.done]
}

// crowded reports whether more than half of the ring is not released.
func (s *Source) crowded() bool {
	return s.held*2 > s.Socket.blocks
}

// Unread is how many packets the kernel has accepted that the sink did not get. They are lost when the socket is
// closed.
func (s *Source) Unread() uint64 {
	if s.Starting {
		return 0
	}
	var unread uint64
	for _, b := range s.blocks[s.done:] {
		unread += uint64(b.Count)
	}
	if stats, err := s.Stats(); err == nil && stats.Received > stats.Dropped+s.taken {
		unread += stats.Received - stats.Dropped - s.taken
	}
	return unread
}

// Idle reports whether no packet of the source is left, neither here nor in the kernel.
func (s *Source) Idle() bool {
	return s.head() == nil && s.Quiet()
}
