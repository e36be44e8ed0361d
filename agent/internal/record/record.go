// Package record writes captured packets into the files of the ring: it decides where a file ends, writes its head and
// its statistics, and counts.
package record

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/ring"
)

// Limits bound the files.
type Limits struct {
	// FileSize is how large a file may be, in bytes.
	FileSize int64
	// FileCount is how many closed files are kept.
	FileCount int
	// Note is the room in bytes that is kept free for the upload's note next to each file.
	Note int64
}

// Head is what a file begins with.
type Head struct {
	Application string
	// Comment holds the settings.
	Comment string
	// Description names the pod and the node.
	Description string
	Filter      string
	// Snaplen is 0 for packets that are whole, or cut at their headers.
	Snaplen uint32
}

// Closed describes a file that was closed.
type Closed struct {
	Path    string
	Packets int64
	Bytes   int64
	// Dropped counts packets since the previous file, dropped by the kernel, or by this program when it could not
	// write.
	Dropped int64
	// Queue counts those of Dropped that this program could not write.
	Queue int64
	// Kept is false for a file that no longer exists.
	Kept bool
}

// Observer is notified when files are opened and closed.
type Observer interface {
	FileOpened(path string)
	FileClosed(file Closed)
}

// Totals are the sums since the program started, including the open file.
type Totals struct {
	// Files counts files that were closed and kept.
	Files, Packets, Bytes int64
	// Kernel counts packets for which the kernel's buffer had no room, Interface those that the interface dropped
	// before the kernel saw them, Queue those that this program could not write.
	Kernel, Interface, Queue int64
}

// Recorder is the capture.Sink that writes the files. A capture lasts from Open to Close; Change replaces it by another
// one.
type Recorder struct {
	Ring     *ring.Ring
	Observer Observer
	// Now is the clock.
	Now func() time.Time
	// Room is how many bytes the closed files may have together, if that is less than FileCount files; nil: no less.
	Room func() int64

	head   Head
	limits Limits
	// err is why no file is open.
	err error

	file *openFile
	// left is how many more packets may be written.
	left int64
	// parts wait for Flush; they hold that many bytes and packets.
	parts   [][]byte
	bytes   int64
	packets int64

	interfaces []*interfaceState
	totals     Totals
	// reported is how many dropped packets the closed files have reported.
	reported int64
	// reportedQueue is how many of them this program could not write.
	reportedQueue int64
	buffer        []byte
}

// openFile is the file that is being written.
type openFile struct {
	*ring.File
	packets int64
	// described is how many interfaces the file has described.
	described uint32
}

// unlimited is more packets than ever come.
const unlimited = math.MaxInt64

// SetPacketsLeft sets how many more packets may be written; 0: no limit.
func (r *Recorder) SetPacketsLeft(n int64) {
	if r.left = n; n == 0 {
		r.left = unlimited
	}
}

// PacketsLeft is how many more packets may be written, 0 if there is no limit; full reports that the limit is reached.
func (r *Recorder) PacketsLeft() (left int64, full bool) {
	if r.left == unlimited {
		return 0, false
	}
	return r.left, r.left == 0
}

// Err is why nothing can be written; nil while it can.
func (r *Recorder) Err() error {
	return r.err
}

// Path is the path of the open file, or empty.
func (r *Recorder) Path() string {
	if r.file == nil {
		return ""
	}
	return r.file.Path
}

// OpenBytes is the size of the open file in bytes, or 0.
func (r *Recorder) OpenBytes() int64 {
	if r.file == nil {
		return 0
	}
	return r.file.Size
}

// Totals returns the sums until now.
func (r *Recorder) Totals() Totals {
	t := r.totals
	if r.file != nil {
		t.Packets += r.file.packets
		t.Bytes += r.file.Size
	}
	return t
}

// Open begins a capture of these sources. Closed files of the captures before stay, as many as Limits allows next to the
// open one.
func (r *Recorder) Open(sources []*capture.Source, head Head, limits Limits) error {
	r.head, r.limits, r.err = head, limits, nil
	r.setSources(sources)
	r.err = r.open()
	return r.err
}

// Change ends the file and begins the next one, with other sources and limits.
func (r *Recorder) Change(sources []*capture.Source, head Head, limits Limits) error {
	r.close()
	return r.Open(sources, head, limits)
}

// Rotate ends the file and begins the next one.
func (r *Recorder) Rotate() error {
	r.close()
	if r.err == nil {
		r.err = r.open()
	}
	return r.err
}

// RotateEarly is Rotate for a file that would stay open otherwise: it pushes no other file out of the ring by its number.
func (r *Recorder) RotateEarly() error {
	if r.file != nil && r.file.packets+r.packets > 0 {
		r.Ring.CloseEarly()
	}
	return r.Rotate()
}

// Close ends the capture and its file. Its sources may be closed afterwards. If the capture ends because nothing can be
// written, packets that the kernel still has are counted as lost too.
func (r *Recorder) Close() error {
	if r.err != nil {
		for _, i := range r.interfaces {
			r.totals.Queue += int64(i.Unread())
		}
	}
	r.close()
	r.interfaces = r.interfaces[:0]
	// While it was open, the file was not counted.
	return r.prune()
}

func (r *Recorder) prune() error {
	count := r.limits.FileCount
	bytes := int64(count) * r.limits.FileSize
	if r.Room != nil {
		bytes = min(bytes, r.Room())
	}
	if err := r.Ring.Prune(count, bytes); err != nil {
		return fmt.Errorf("%s: %w", r.Ring.Folder, err)
	}
	return nil
}

// open makes the next file.
func (r *Recorder) open() error {
	if err := r.prune(); err != nil {
		return err
	}
	file, err := r.Ring.Create(r.Now())
	if err != nil {
		return err
	}
	opened := &openFile{File: file}
	r.buffer = pcapng.AppendSection(r.buffer[:0], pcapng.Section{Application: r.head.Application, Comment: r.head.Comment})
	for _, i := range r.interfaces {
		r.describe(opened, i)
	}
	if err := file.Write(r.buffer); err != nil {
		return errors.Join(err, file.Close(), file.Remove())
	}
	r.file = opened
	r.Observer.FileOpened(file.Path)
	return nil
}

// close ends the open file, if there is one.
func (r *Recorder) close() {
	r.Flush()
	file := r.file
	if file == nil {
		return
	}
	r.file = nil
	r.buffer = r.buffer[:0]
	for _, i := range r.interfaces {
		r.settle(i)
		r.appendStatistics(i)
	}
	closed := Closed{Path: file.Path, Packets: file.packets, Kept: true}
	if file.packets == 0 {
		closed.Kept = false
	} else if file.Write(r.buffer) != nil {
		// The volume is full: the file's packets matter more than its statistics.
		r.buffer = r.buffer[:0]
	}
	closed.Bytes = file.Size
	closed.Kept = closed.Kept && file.Exists()
	r.finish(file, &closed)
	r.totals.Packets += closed.Packets
	r.totals.Bytes += closed.Bytes
	dropped := r.totals.Kernel + r.totals.Queue
	closed.Dropped, r.reported = dropped-r.reported, dropped
	closed.Queue, r.reportedQueue = r.totals.Queue-r.reportedQueue, r.totals.Queue
	r.Observer.FileClosed(closed)
}

// finish closes the descriptor, and removes a file that is not kept.
func (r *Recorder) finish(file *openFile, closed *Closed) {
	if err := file.Close(); err != nil && r.err == nil {
		r.err = &fs.PathError{Op: "close", Path: file.Path, Err: err}
	}
	if closed.Kept {
		r.totals.Files++
		return
	}
	if err := file.Remove(); err != nil && !errors.Is(err, fs.ErrNotExist) && r.err == nil {
		r.err = err
	}
}

// Packets implements capture.Sink.
func (r *Recorder) Packets(from *capture.Source, packets pcapng.Packets, count int) {
	for len(packets) > 0 && r.left > 0 {
		if r.file == nil {
			r.totals.Queue += int64(count)
			return
		}
		length, n := len(packets), count
		if room := r.room(); int64(length) > room || int64(count) > r.left {
			length, n = packets.CutAt(room, int(min(r.left, int64(count))))
		}
		switch {
		case length > 0:
			r.take(packets[:length:length], n)
			packets, count = packets[length:], count-n
		case r.file.packets+r.packets == 0:
			// An empty file has no room for it, so the next one has none either.
			r.totals.Queue += int64(count)
			return
		default:
			_ = r.Rotate()
			packets.SetInterface(from.Number)
		}
	}
}

// room is how many more bytes of packets the open file may hold.
func (r *Recorder) room() int64 {
	return r.limits.FileSize - r.limits.Note - int64(len(r.interfaces)*pcapng.StatisticsSize) - r.file.Size - r.bytes
}

// take keeps packets for the next Flush.
func (r *Recorder) take(packets pcapng.Packets, count int) {
	if len(r.parts) == ring.MostParts {
		r.Flush()
	}
	r.parts = append(r.parts, packets)
	r.bytes += int64(len(packets))
	r.packets += int64(count)
	r.left -= int64(count)
}

// Flush implements capture.Sink: it writes the packets that Packets has kept.
func (r *Recorder) Flush() {
	if len(r.parts) == 0 {
		return
	}
	if r.file != nil && r.err == nil {
		r.err = r.file.Write(r.parts...)
	}
	if r.err == nil {
		r.file.packets += r.packets
	} else {
		r.totals.Queue += r.packets
	}
	clear(r.parts)
	r.parts, r.bytes, r.packets = r.parts[:0], 0, 0
}
