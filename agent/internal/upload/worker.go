package upload

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"packet-capture/agent/internal/backoff"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/process"
)

const (
	// pause is the time from the start of one batch to the next: files that are closed meanwhile go together.
	pause = 5 * time.Second
	// firstRetry is the time to the next try after the first failure, and longestRetry the longest one, or longestAtEnd
	// while the pod ends.
	firstRetry   = time.Second
	longestRetry = time.Minute
	longestAtEnd = 2 * time.Second
	// leaveTime is how long a file that is on its way may take when the destination has changed.
	leaveTime = 5 * time.Second
	// atOnce is how many files an event names, and how long it may wait for that many.
	atOnce     = 32
	atOnceTime = 5 * time.Second
)

// worker uploads, in a goroutine of its own.
type worker struct {
	upload *Upload
	// onEnd is called on the loop when it has ended, with the number of files that are left.
	onEnd func(pending int)
	wake  chan struct{}

	mu          sync.Mutex
	destination string
	ending      bool
	stopped     bool
	// leave ends the current batch after the file that is on its way, cancel at once.
	leave, cancel context.CancelFunc

	// Only the goroutine uses these.
	status  Status
	tryAt   time.Time
	retries backoff.Backoff
	hurry   bool
	// kept are files of keeps that are to be uploaded, as isKept has their names.
	kept []string
}

func newWorker(u *Upload) *worker {
	return &worker{upload: u, wake: make(chan struct{}, 1), retries: backoff.Backoff{First: firstRetry, Most: longestRetry}}
}

// poke wakes the goroutine. It never blocks.
func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// set changes the destination, and ends a batch to the previous one. The file that is on its way gets leaveTime: a file
// without its note would stay there otherwise.
func (w *worker) set(destination string) {
	w.change(func() {
		w.destination = destination
		if w.leave != nil {
			w.leave()
			time.AfterFunc(leaveTime, w.cancel)
		}
	})
}

// finish ends the goroutine when all files are uploaded.
func (w *worker) finish() {
	w.change(func() { w.ending = true })
}

// stop ends the goroutine at once.
func (w *worker) stop() {
	w.change(func() {
		w.stopped = true
		if w.cancel != nil {
			w.cancel()
		}
	})
}

func (w *worker) change(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
	w.poke()
}

// run is the goroutine.
func (w *worker) run() {
	w.completeInterrupted()
	shown := ""
	for {
		w.mu.Lock()
		destination, ending, stopped := w.destination, w.ending, w.stopped
		w.mu.Unlock()
		if destination != shown {
			shown = destination
			w.status.Destination, w.tryAt = destination, time.Time{}
			w.retries.Reset()
		}
		if ending && !w.hurry {
			w.hurry, w.tryAt = true, time.Time{}
			w.retries = backoff.Backoff{First: firstRetry, Most: longestAtEnd}
		}
		var pending []string
		if destination != "" {
			pending = w.look()
		}
		if stopped || ending && len(pending) == 0 {
			w.end(len(pending))
			return
		}
		if len(pending) > 0 && !time.Now().Before(w.tryAt) {
			w.try(destination)
			continue
		}
		w.wait(len(pending) > 0)
	}
}

// wait waits until something has changed, or the next try is due.
func (w *worker) wait(retry bool) {
	if !retry {
		<-w.wake
		return
	}
	timer := time.NewTimer(time.Until(w.tryAt))
	defer timer.Stop()
	select {
	case <-w.wake:
	case <-timer.C:
	}
}

// try runs one batch.
func (w *worker) try(destination string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left, leave := context.WithCancel(ctx)
	w.mu.Lock()
	w.leave, w.cancel = leave, cancel
	changed := w.destination != destination || w.stopped
	w.mu.Unlock()
	if changed {
		return
	}
	w.tryAt = time.Now().Add(pause)
	reason := newBatch(ctx, left, w, destination).run()
	// Now, and again when the status and the events of the batch are written: the next batch may be far away.
	debug.FreeOSMemory()
	process.ReleaseMemory()
	if left.Err() != nil {
		return
	}
	if reason == "" {
		w.status.LastError = ""
		w.retries.Reset()
		w.report()
		return
	}
	w.fail(reason)
}

// fail reports why files were not uploaded, and schedules the next try.
func (w *worker) fail(reason string) {
	pending := w.look()
	if len(pending) == 0 {
		return
	}
	delay := w.retries.Next()
	w.status.Failed++
	w.status.LastError = reason
	w.report()
	w.emit("upload failed", FailedEvent{reason, len(pending), delay.String()})
	w.tryAt = time.Now().Add(delay)
}

// look returns the files to upload, those of keeps first, and then the oldest. A file that the ring has removed is lost.
func (w *worker) look() []string {
	u := w.upload
	var pending []string
	var losses []LostEvent
	w.status.Pending, w.status.PendingBytes, w.status.PendingKept = 0, 0, 0
	for _, name := range w.waitingKept() {
		if size, ok := exists(u.keptPath(name)); ok {
			pending = append(pending, name)
			w.status.Pending++
			w.status.PendingKept++
			w.status.PendingBytes += size
		}
	}
	for _, far := range u.queue.list(closedEnding) {
		size, ok := exists(u.names.near(far))
		if !ok {
			note, err := u.queue.read(far, closedEnding)
			lost := LostEvent{File: u.names.near(far)}
			if err == nil {
				lost.Packets = &note.Packets
			}
			losses = append(losses, lost)
			u.queue.remove(far, closedEnding)
			continue
		}
		pending = append(pending, far)
		w.status.Pending++
		w.status.PendingBytes += size
	}
	w.lose(losses)
	return pending
}

// lose reports lost files. The numbers are updated first, so that a reader of the event finds them.
func (w *worker) lose(losses []LostEvent) {
	w.status.Lost += uint64(len(losses))
	w.report()
	for _, lost := range losses {
		w.emit("upload lost", lost)
	}
}

// completeInterrupted completes the notes of files that were open when the container before this one was killed: they
// may end in the middle of a packet.
func (w *worker) completeInterrupted() {
	u := w.upload
	for _, far := range u.interrupted {
		near := u.names.near(far)
		note, err := u.queue.read(far, openEnding)
		info, missing := os.Stat(near)
		if err != nil || missing != nil || info.Size() == 0 {
			w.lose([]LostEvent{{File: near}})
			u.queue.remove(far, openEnding)
			continue
		}
		note.Packets = countPackets(near)
		note.Ended, note.Bytes, note.Dropped = clock(info.ModTime()), info.Size(), nil
		if note.Packets > 0 {
			if err := u.queue.write(far, closedEnding, note); err != nil {
				w.emit("error", ErrorEvent{cannotNote(near, u.queue.folder)})
			}
		}
		u.queue.remove(far, openEnding)
	}
}

// countPackets counts the whole packets of a capture file, which may end in the middle of a packet.
func countPackets(path string) uint64 {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	// On an error it counts up to there.
	packets, _, _ := pcapng.Count(file)
	return uint64(packets)
}

// uploaded counts uploaded files, and reports them.
func (w *worker) uploaded(files []string, bytes uint64, unverified string) {
	if len(files) == 0 {
		return
	}
	w.status.Uploaded += uint64(len(files))
	w.status.UploadedBytes += bytes
	w.status.LastUploaded = clock(time.Now())
	if unverified != "" {
		w.status.Unverified += uint64(len(files))
	}
	w.look()
	w.emit("uploaded", UploadedEvent{files, bytes, unverified})
}

func (w *worker) end(pending int) {
	w.report()
	w.upload.options.Loop.Post(func() {
		w.upload.worker = nil
		if w.onEnd != nil {
			w.onEnd(pending)
		}
	})
}

func (w *worker) emit(event string, members any) {
	w.upload.options.Loop.Post(func() { w.upload.options.Emit(event, members) })
}

// report passes the numbers to the loop.
func (w *worker) report() {
	status := w.status
	u := w.upload
	u.options.Loop.Post(func() {
		status.Destination = u.destination
		if status != u.status {
			u.status = status
			u.options.Changed()
		}
	})
}

func plural(count int, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return fmt.Sprint(count, " ", many)
}
