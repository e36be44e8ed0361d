package agent

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/record"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
)

const (
	// rotatePause is the time between two files that are closed because somebody wants to keep them: requests in between
	// wait for the second one, so that they do not fill the ring with small files.
	rotatePause = 5 * time.Second
	// rotatePatience is how long a file may take to close; then it is tried again.
	rotatePatience = time.Second
	// noteRetry is the time until a note that could not be written is written again.
	noteRetry = 5 * time.Second
	// endPatience is how long the end of the agent waits for the counts of kept files.
	endPatience = 5 * time.Second
	// mostLost is how many files with packets that this program dropped are remembered.
	mostLost = 64
)

// errEnding is the answer to a request that comes too late.
var errEnding = errors.New("the agent is ending")

// keeper keeps files of the ring: as the setting `keep`, an app, a command or the end of the pod asks for. All of it
// happens on the loop, but the counting of packets.
type keeper struct {
	agent  *Agent
	store  keep.Store
	memory keep.Memory
	timer  *loop.Timer
	port   keepPort
	// windows are the keeps that have not ended.
	windows []*window
	// openedAt is when the open file was opened.
	openedAt time.Time
	// rotatedAt is when a file was closed last because of a keep.
	rotatedAt time.Time
	// lost counts, by file, packets that this program dropped: a file's own statistics do not have them.
	lost map[string]int64
	// counts are since the container started.
	counts keepCounts
	// terminatedAt is when SIGTERM came.
	terminatedAt time.Time
}

// keepCounts are numbers of keeps and files.
type keepCounts struct {
	keeps, leftOut, removed, failed int64
}

func newKeeper(a *Agent) *keeper {
	k := &keeper{agent: a, lost: map[string]int64{}, memory: keep.Memory{Path: filepath.Join(a.options.AgentDir, "keep.json")}}
	k.store = keep.Store{Captures: a.options.Folder, Removed: k.removed}
	k.port.agent = a
	return k
}

// start takes up what the container before this one has left: windows that last go on, the others end.
func (k *keeper) start() {
	k.memory.Load()
	if err := k.store.Load(); err != nil {
		k.agent.emitError("keep: "+k.agent.reasonOf(err), 0)
	}
	now := time.Now()
	for _, note := range slices.Clone(k.store.All()) {
		if !note.Open() {
			continue
		}
		// What was captured between the two containers is missing.
		note.Interrupted = true
		w := &window{note: note, end: now.Add(note.To.Sub(now))}
		k.windows = append(k.windows, w)
		k.link(w, k.store.Candidates(note, k.closedFiles()))
	}
	k.changed()
	k.follow()
}

// set applies the settings but `keep`.
func (k *keeper) set(s settings.Settings) {
	if s.FileSize > 0 && s.FileCount > 0 && s.KeepSize > 0 {
		k.store.Limit = k.budget(s)
	}
	k.port.set(s.KeepPort)
}

// spareBytes of the volume are for blocks of the file system and the agent's own files; as spareBytes in
// src/settings/ring.ts.
const spareBytes = 16 << 20

// budget is keep-size, but not more than the ring leaves of the volume.
func (k *keeper) budget(s settings.Settings) int64 {
	limit, known := settings.ParseQuantity(k.agent.options.Platform.SizeLimit)
	if !known {
		return s.KeepSize
	}
	return max(0, min(s.KeepSize, limit-s.FileSize*int64(s.FileCount+1)-spareBytes))
}

// ringRoom is how many bytes the closed files of the ring may have next to the kept files (record.Recorder.Room). It is
// less than file-count files only if the ring was made larger after files were kept.
func (k *keeper) ringRoom() int64 {
	limit, known := settings.ParseQuantity(k.agent.options.Platform.SizeLimit)
	if !known || k.store.Bytes() == 0 {
		return math.MaxInt64
	}
	return limit - k.agent.set.FileSize - spareBytes - k.store.Bytes()
}

// take does what the setting `keep` asks for, unless it was done before, also by an earlier container.
func (k *keeper) take(value string, wanted *settings.Keep) {
	if wanted == nil || !k.memory.Handle(value) {
		return
	}
	now := time.Now()
	request := keep.Request{From: wanted.From, To: wanted.To, Trigger: keep.Annotation, Reason: wanted.Reason, By: k.agent.asked.by}
	if wanted.Last > 0 {
		request.From, request.To, request.Relative = now.Add(-wanted.Last), now, true
	}
	k.ask(request, func(*keep.Note, error) {})
}

// Ask is keepserver.Ask: any goroutine but the loop's may call it.
func (k *keeper) Ask(request keep.Request) (*keep.Note, error) {
	type answer struct {
		note *keep.Note
		err  error
	}
	answers := make(chan answer, 1)
	k.agent.loop.Post(func() {
		k.ask(request, func(note *keep.Note, err error) { answers <- answer{note, err} })
	})
	select {
	case got := <-answers:
		return got.note, got.err
	case <-time.After(askPatience):
		return nil, errors.New("it takes too long; status shows whether it is done later")
	}
}

// askPatience is how long a request waits for the end of its window, if that is now.
const askPatience = 20 * time.Second

// ask keeps the files of a window: those that are closed at once, the open one when it is closed, which happens now if
// the window ends now, and those that close until the window ends. done gets a copy of the note: at the end of a window
// that ends now, otherwise at once.
func (k *keeper) ask(request keep.Request, done func(*keep.Note, error)) {
	if k.agent.terminating && request.Trigger != keep.Exit {
		done(nil, errEnding)
		return
	}
	now := time.Now()
	note, err := k.store.Create(k.memory.NextID(now), now, request)
	if err != nil {
		done(nil, k.fail(err))
		return
	}
	k.counts.keeps++
	options := k.agent.options
	note.Namespace, note.Pod, note.Node = options.Namespace, options.Pod, options.Node
	w := &window{note: note, end: now.Add(request.To.Sub(now))}
	k.windows = append(k.windows, w)
	k.link(w, k.store.Candidates(note, k.closedFiles()))
	if w.end.After(now) {
		k.agent.emit("keeping", k.members(note)...)
		done(note.Clone(), nil)
	} else {
		w.answers = append(w.answers, done)
	}
	k.follow()
}

// closedFiles are the paths of the ring's files but the open one.
func (k *keeper) closedFiles() []string {
	entries, err := k.agent.ring.List()
	if err != nil {
		return nil
	}
	var paths []string
	for _, entry := range entries {
		if path := filepath.Join(k.agent.options.Folder, entry.Name); path != k.agent.recorder.Path() {
			paths = append(paths, path)
		}
	}
	return paths
}

// link keeps files, the most wanted first, and writes the note.
func (k *keeper) link(w *window, candidates []keep.Candidate) {
	for i, candidate := range candidates {
		ok, err := k.store.Add(w.note, candidate)
		if err != nil {
			_ = k.fail(err)
			w.note.Failed = true
		}
		if err != nil || !ok {
			// What is farther away would leave a gap.
			w.note.LeaveOut(candidates[i+1:])
			break
		}
	}
	k.write(w)
	k.changed()
}

// write writes the note; if that fails it is written again later.
func (k *keeper) write(w *window) {
	err := k.store.Write(w.note)
	if err != nil && !w.unwritten {
		_ = k.fail(err)
	}
	w.unwritten = err != nil
}

// fail counts and reports why something was not kept, and returns that.
func (k *keeper) fail(err error) error {
	k.counts.failed++
	reason := k.agent.reasonOf(err)
	k.agent.emitError("keep: "+reason, 0)
	return errors.New(reason)
}

// fileOpened is called when the next file of the ring was opened.
func (k *keeper) fileOpened() { k.openedAt = time.Now() }

// fileClosed is called before the ring may remove a file.
func (k *keeper) fileClosed(file record.Closed) {
	if file.Kept {
		if own := file.Queue; own > 0 {
			k.remember(filepath.Base(file.Path), own)
		}
		for _, w := range k.windows {
			if w.counting {
				continue
			}
			if c, ok := keep.Examine(file.Path); ok && (c.In(w.note) || w.note.Relative && k.openedAt.After(w.note.RequestedAt)) {
				k.link(w, []keep.Candidate{c})
			}
		}
	}
	// Not from in here: the recorder is in the middle of it.
	k.agent.loop.After(0, k.follow)
}

func (k *keeper) remember(name string, lost int64) {
	if len(k.lost) >= mostLost {
		clear(k.lost)
	}
	k.lost[name] = lost
}

// removed reports a keep that gave way to another one.
func (k *keeper) removed(removed keep.Removed) {
	k.counts.removed++
	k.agent.emitObject("keep removed", removed)
}

// changed is called when kept files have changed.
func (k *keeper) changed() {
	k.agent.upload.KeptChanged()
	k.agent.report.changed()
}

// members describe a keep in an event.
func (k *keeper) members(note *keep.Note) []events.Member {
	members := []events.Member{
		{Name: "id", Value: note.ID},
		{Name: "trigger", Value: note.Trigger},
		{Name: "reason", Value: note.Reason},
		{Name: "from", Value: events.Time(note.From)},
		{Name: "to", Value: events.Time(note.To)},
		{Name: "files", Value: len(note.Files)},
		{Name: "packets", Value: note.Packets},
		{Name: "bytes", Value: note.Bytes},
		{Name: "dropped", Value: note.Dropped},
		{Name: "complete", Value: note.Complete},
	}
	if note.By != "" {
		members = append(members, events.Member{Name: "by", Value: note.By})
	}
	if note.Truncated != nil {
		members = append(members, events.Member{Name: "truncated", Value: note.Truncated})
	}
	return members
}

// end ends all windows, after the last file was closed, keeps what keep-on-exit asks for, and calls done.
func (k *keeper) end(done func()) {
	k.timer.Stop()
	k.port.set(0)
	for _, w := range k.windows {
		if !w.counting {
			k.finish(w, !time.Now().Before(w.end))
		}
	}
	if last := k.agent.set.KeepOnExit; last > 0 {
		request := keep.Request{
			From: k.terminatedAt.Add(-last), To: time.Now(), Relative: true, Trigger: keep.Exit,
			Reason: fmt.Sprintf("the pod has ended (keep-on-exit %s)", k.agent.inForce["keep-on-exit"]),
		}
		k.ask(request, func(*keep.Note, error) {})
	}
	deadline := time.Now().Add(endPatience)
	var wait func()
	wait = func() {
		if len(k.windows) == 0 || time.Now().After(deadline) {
			done()
			return
		}
		k.agent.loop.After(endLook, wait)
	}
	wait()
}

// endLook is how often the end looks whether the packets were counted.
const endLook = 20 * time.Millisecond

// status is the member `kept` of the status.
func (k *keeper) status() status.Kept {
	s := status.Kept{
		Keeps: len(k.store.All()), Files: k.store.Files(), Bytes: k.store.Bytes(), Limit: k.store.Limit, IDs: []string{}, Lasting: []string{},
		LeftOut: k.counts.leftOut, Removed: k.counts.removed, Failed: k.counts.failed, Total: k.counts.keeps,
	}
	for _, note := range k.store.All() {
		s.IDs = append(s.IDs, note.ID)
		if note.Open() {
			s.Lasting = append(s.Lasting, note.ID)
		}
	}
	if u := k.agent.upload.Status(); u != nil {
		s.Pending = u.PendingKept
	}
	return s
}
