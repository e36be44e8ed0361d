package capture

import (
	"math"

	"packet-capture/agent/internal/pcapng"
)

// forever is later than any packet.
const forever = math.MaxInt64

// Source is a socket among those whose packets are merged.
type Source struct {
	*Socket
	// Number is the interface's in the file.
	Number uint32
	// Starting sources have packets for nobody before the barrier: they were opened ahead of it, so that nothing is missing
	// behind it.
	Starting bool

	// blocks were read from the ring and are not given back; done of them hold nothing any more.
	blocks []Block
	done   int
	// seen is the time of the latest packet that was read.
	seen int64
}

// Sink takes packets in order of time.
type Sink interface {
	// Packets are of one source. They are valid until Flush, which has to be done with them.
	Packets(from *Source, packets pcapng.Packets, count int)
	// Flush is called before what Packets had goes back to the kernel.
	Flush()
}

// Merger puts the packets of several sources into order. Within a source they keep the order in which the kernel has them.
type Merger struct {
	Sources []*Source
	Sink    Sink

	// barrier is a time at which something changes, and what happens then; 0: there is none.
	barrier   int64
	atBarrier func()
	hurried   bool
}

// At has fn called between the packets before a time and those from it on, by Advance. There may be one such time at once;
// Pending tells.
func (m *Merger) At(time int64, fn func()) {
	m.barrier, m.atBarrier, m.hurried = time, fn, false
}

// Pending says that a time set by At has not come yet.
func (m *Merger) Pending() bool {
	return m.atBarrier != nil
}

// Hurry makes a time set by At come with the next Advance, behind all packets that have come by then: for a clock that was
// set back, so that their times say nothing.
func (m *Merger) Hurry() {
	m.hurried = true
}

// Cancel takes back what At has set.
func (m *Merger) Cancel() {
	m.atBarrier = nil
}

// Advance takes what the kernel has handed over, as far as nothing earlier can come any more. now is the time of before the
// call, in nanoseconds since 1970: what came until then is in a ring.
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

// read takes all blocks that are there.
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

// complete gives the time up to which no packet is missing. A source that the kernel has nothing for holds nobody up; one
// for which it has, until it hands it over.
func (m *Merger) complete(now int64) int64 {
	if len(m.Sources) == 1 && m.atBarrier == nil {
		return forever
	}
	until := int64(forever)
	for _, s := range m.Sources {
		switch {
		case s.crowded():
			// Rather out of order than lost.
			return forever
		case s.Quiet():
			until = min(until, now)
		default:
			until = min(until, s.seen)
		}
	}
	return until
}

// emit hands on all packets up to a time, this one included.
func (m *Merger) emit(until int64) {
	for {
		first, bound := m.earliest()
		if first == nil || first.head().Packets.Time() > until {
			return
		}
		m.emitRun(first, min(until, bound))
	}
}

// earliest gives the source whose next packet is the earliest, and the time of the next one of any other.
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

// emitRun hands on the next packets of a source, of one block, up to a time.
func (m *Merger) emitRun(s *Source, until int64) {
	b := s.head()
	length, count := len(b.Packets), b.Count
	if b.Last > until {
		// The first one is wanted in any case: it is the earliest of all.
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

// release gives the blocks back to the kernel that are used up.
func (m *Merger) release() {
	for _, s := range m.Sources {
		// head counts those at the beginning.
		s.head()
		for range s.done {
			s.Release()
		}
		s.blocks = s.blocks[:copy(s.blocks, s.blocks[s.done:])]
		s.done = 0
	}
}

// head is the first block that holds something; nil if there is none.
func (s *Source) head() *Block {
	for s.done < len(s.blocks) && len(s.blocks[s.done].Packets) == 0 {
		s.done++
	}
	if s.done == len(s.blocks) {
		return nil
	}
	return &s.blocks[s.done]
}

// crowded says that more than half of the ring waits.
func (s *Source) crowded() bool {
	return s.held*2 > s.Socket.blocks
}

// Unread is how many packets the kernel has accepted that were handed to nobody. They are lost with the socket.
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

// Idle says that nothing of the source is left, neither here nor in the kernel.
func (s *Source) Idle() bool {
	return s.head() == nil && s.Quiet()
}
