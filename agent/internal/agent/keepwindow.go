package agent

import (
	"os"
	"slices"
	"time"

	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/pcapng"
)

// window is a keep that has not ended.
type window struct {
	note *keep.Note
	// end is when it ends; it does not follow the machine's clock when somebody sets that.
	end time.Time
	// counting: it has ended, and its packets are being counted. unwritten: its note could not be written.
	counting, unwritten bool
	// answers wait for its end, or, if it began with an end in the future, for nothing.
	answers []func(*keep.Note, error)
}

// follow ends the windows that are over, and sets the timer for what is next.
func (k *keeper) follow() {
	k.timer.Stop()
	next := time.Time{}
	at := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	now := time.Now()
	rotate := false
	for _, w := range slices.Clone(k.windows) {
		switch {
		case w.counting:
		case w.unwritten && now.Before(w.end):
			k.write(w)
			at(now.Add(noteRetry))
		case now.Before(w.end):
			at(w.end)
		case k.agent.recorder.Path() == "" || k.openedAt.After(w.end):
			k.finish(w, true)
		default:
			rotate = true
		}
	}
	if rotate {
		due := k.rotatedAt.Add(rotatePause)
		if !due.After(now) {
			k.rotatedAt = now
			k.agent.session.rotateEarly()
			due = now.Add(rotatePatience)
		}
		at(due)
	}
	if !next.IsZero() {
		k.timer = k.agent.loop.After(next.Sub(now), k.follow)
	}
}

// finish ends a window: its packets are counted, and its note gets its last form. over: its end has come.
func (k *keeper) finish(w *window, over bool) {
	w.counting = true
	if !over {
		w.note.Interrupted = true
	}
	files := slices.Clone(w.note.Files)
	paths := make([]string, len(files))
	for i, file := range files {
		paths[i] = k.store.Path(w.note, file)
	}
	go func() {
		for i := range files {
			count(&files[i], paths[i])
		}
		k.agent.loop.Post(func() { k.counted(w, files) })
	}()
}

// count fills in what the packets of a file say.
func count(file *keep.File, path string) {
	opened, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = opened.Close() }()
	// On an error it counts up to there.
	s, _ := pcapng.Summarize(opened)
	file.Packets, file.Dropped = s.Packets, s.Dropped
	if s.Packets > 0 {
		file.First, file.Last = time.Unix(0, s.First).UTC(), time.Unix(0, s.Last).UTC()
	}
}

// counted is the end of a keep.
func (k *keeper) counted(w *window, files []keep.File) {
	for i := range files {
		files[i].Dropped += k.lost[files[i].Name]
	}
	ended := time.Now().UTC()
	w.note.Files, w.note.Ended = files, &ended
	w.note.Complete = !w.note.Interrupted && w.note.Truncated == nil && !w.note.Failed
	k.writeLast(w)
	if w.note.Truncated != nil {
		k.counts.leftOut += int64(w.note.Truncated.Files)
	}
	k.agent.emit("kept", k.members(w.note)...)
	k.windows = slices.DeleteFunc(k.windows, func(other *window) bool { return other == w })
	k.changed()
	for _, done := range w.answers {
		done(w.note.Clone(), nil)
	}
}

// writeLast writes the last form of a note, which is the only account of a keep: on a full volume again and again.
func (k *keeper) writeLast(w *window) {
	if !k.store.Has(w.note) {
		return
	}
	if k.write(w); w.unwritten {
		k.agent.loop.After(noteRetry, func() {
			if k.writeLast(w); !w.unwritten {
				k.changed()
			}
		})
	}
}
