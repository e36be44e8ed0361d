package record

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/pcapng"
)

// interfaceState is a source of the capture, and its counters.
type interfaceState struct {
	*capture.Source
	// since is when the open file described it.
	since time.Time
	// stats are the counters as they were read last.
	stats counters
	// inFile is how much they have grown since the open file described the interface.
	inFile counters
}

// counters of an interface.
type counters struct {
	// accepted passed the filter; dropped, included in it, found no room in the kernel's buffer; before were dropped by
	// the interface before the kernel saw them.
	accepted, dropped, before uint64
}

// setSources replaces the sources of the capture. A source that stays keeps its counters.
func (r *Recorder) setSources(sources []*capture.Source) {
	before := r.interfaces
	r.interfaces = make([]*interfaceState, 0, len(sources))
	for _, s := range sources {
		at := slices.IndexFunc(before, func(i *interfaceState) bool { return i.Source == s })
		if at >= 0 {
			r.interfaces = append(r.interfaces, before[at])
			continue
		}
		r.interfaces = append(r.interfaces, newInterfaceState(s))
	}
}

// newInterfaceState begins to count from zero: drops of before do not belong to this capture.
func newInterfaceState(s *capture.Source) *interfaceState {
	i := &interfaceState{Source: s}
	i.stats = i.read()
	return i
}

// Join adds a source to the capture, and describes it in the open file.
func (r *Recorder) Join(s *capture.Source) error {
	i := newInterfaceState(s)
	r.interfaces = append(r.interfaces, i)
	r.Flush()
	if r.file == nil {
		return r.err
	}
	file := r.file
	r.buffer = r.buffer[:0]
	r.describe(file, i)
	if int64(len(r.buffer)) > r.room() {
		// The next file describes it together with the others.
		return r.Rotate()
	}
	r.err = file.Write(r.buffer)
	return r.err
}

// Leave removes a source from the capture, and writes its counters to the open file. The source may be closed
// afterwards.
func (r *Recorder) Leave(s *capture.Source) error {
	at := slices.IndexFunc(r.interfaces, func(i *interfaceState) bool { return i.Source == s })
	if at < 0 {
		return nil
	}
	i := r.interfaces[at]
	r.interfaces = slices.Delete(r.interfaces, at, at+1)
	r.Flush()
	r.settle(i)
	if r.file == nil || r.err != nil {
		return r.err
	}
	r.buffer = r.buffer[:0]
	r.appendStatistics(i)
	r.err = r.file.Write(r.buffer)
	return r.err
}

// describe appends an interface description to the buffer, and assigns the next number in the file.
func (r *Recorder) describe(file *openFile, i *interfaceState) {
	i.Number = file.described
	file.described++
	i.since, i.inFile = r.Now(), counters{}
	r.buffer = r.head.Describe(r.buffer, i.Interface)
}

// Describe appends the description of an interface.
func (h Head) Describe(to []byte, i capture.Interface) []byte {
	return pcapng.AppendInterface(to, pcapng.Interface{Name: i.Name, Description: h.Description, Filter: h.Filter, Link: i.Link, Snaplen: h.Snaplen})
}

// appendStatistics appends the counters of an interface since the file described it to the buffer.
func (r *Recorder) appendStatistics(i *interfaceState) {
	r.buffer = pcapng.AppendStatistics(r.buffer, i.Number, pcapng.Statistics{
		Start:         i.since,
		End:           r.Now(),
		Accepted:      i.inFile.accepted,
		Dropped:       i.inFile.dropped,
		DroppedBefore: i.inFile.before,
	})
}

// Settle reads all counters, so that Totals are up to date.
func (r *Recorder) Settle() {
	for _, i := range r.interfaces {
		r.settle(i)
	}
}

// settle adds the growth of an interface's counters.
func (r *Recorder) settle(i *interfaceState) {
	now := i.read()
	grown := now.minus(i.stats)
	i.stats = now
	i.inFile = i.inFile.plus(grown)
	r.totals.Kernel += int64(grown.dropped)
	r.totals.Interface += int64(grown.before)
}

// read asks the kernel. The counters of an interface that has gone stay as they are.
func (i *interfaceState) read() counters {
	stats, err := i.Stats()
	if err != nil {
		stats = capture.Stats{Received: i.stats.accepted, Dropped: i.stats.dropped}
	}
	return counters{stats.Received, stats.Dropped, droppedBefore(i.Name, i.stats.before)}
}

// droppedBefore is how many packets the interface had no room for, as libpcap counts them (linux_if_drops); last if the
// interface has gone.
func droppedBefore(name string, last uint64) uint64 {
	var sum uint64
	for _, file := range [...]string{"rx_missed_errors", "rx_fifo_errors"} {
		text, err := os.ReadFile(filepath.Join("/sys/class/net", name, "statistics", file))
		if err != nil {
			return last
		}
		count, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return last
		}
		sum += count
	}
	// A new interface with the same name begins at 0.
	return max(sum, last)
}

func (c counters) minus(o counters) counters {
	return counters{c.accepted - o.accepted, c.dropped - o.dropped, c.before - o.before}
}

func (c counters) plus(o counters) counters {
	return counters{c.accepted + o.accepted, c.dropped + o.dropped, c.before + o.before}
}
