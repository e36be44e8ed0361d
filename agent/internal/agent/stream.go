package agent

import (
	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/push"
	"packet-capture/agent/internal/record"
)

// stream hands packets to the push. A push has its own section and its own interface numbers: it continues while files
// are opened and closed.
type stream struct {
	push *push.Push
	// head is what each section begins with.
	head record.Head
	// sources returns the captured sources.
	sources func() []*capture.Source

	numbers map[*capture.Source]uint32
}

// header begins a section (push.Options.Header).
func (s *stream) header() (header []byte, interfaces []string) {
	s.numbers = map[*capture.Source]uint32{}
	header = pcapng.AppendSection(nil, pcapng.Section{Application: s.head.Application, Comment: s.head.Comment})
	for _, source := range s.sources() {
		header = append(header, s.describe(source)...)
		interfaces = append(interfaces, source.Name)
	}
	return header, interfaces
}

func (s *stream) describe(source *capture.Source) []byte {
	s.numbers[source] = uint32(len(s.numbers))
	return s.head.Describe(nil, source.Interface)
}

// join describes an interface that comes while a section is being written.
func (s *stream) join(source *capture.Source) {
	if s.numbers != nil {
		s.push.Describe(s.describe(source))
	}
}

func (s *stream) packets(from *capture.Source, packets pcapng.Packets, count int) {
	if !s.push.Takes() || len(packets) == 0 {
		return
	}
	number, known := s.numbers[from]
	if !known {
		return
	}
	// The same bytes in the kernel's ring go to the file next, so their number is set back.
	if number != from.Number {
		packets.SetInterface(number)
		defer packets.SetInterface(from.Number)
	}
	s.push.Write(packets, count)
}

// setPush applies the setting stream to the push, and reports whether the destination or the buffer changed.
func (a *Agent) setPush() bool {
	to := pushTarget{buffer: max(a.set.BufferSize, minPushBuffer)}
	if a.set.Stream != nil {
		to.to = a.inForce["stream"]
	}
	if to == a.pushTarget {
		return false
	}
	a.pushTarget = to
	a.push.Set(to.to, to.buffer)
	return true
}

// pushTarget is where the push goes to, as it was set last.
type pushTarget struct {
	to     string
	buffer int64
}

// minPushBuffer holds the largest packet, in case buffer-size is not valid.
const minPushBuffer = 1 << 20
