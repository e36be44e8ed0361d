package upload

import (
	"path/filepath"
	"slices"
	"strings"

	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/rclonejob"
)

// isKept reports whether a name at the destination is one of a file of a keep: kept/ID/NAME, as in the captures' folder.
func isKept(name string) bool { return strings.HasPrefix(name, keep.Folder+"/") }

// keptPath is where the file of a keep is.
func (u *Upload) keptPath(name string) string {
	return filepath.Join(u.options.Captures, filepath.FromSlash(name))
}

// waitingKept returns the files of keeps that are to be uploaded: by keep, the oldest first, and in it the note last.
// Only the worker's goroutine may call it.
func (w *worker) waitingKept() []string {
	if !w.upload.keptChanged.Swap(false) {
		return w.kept
	}
	w.kept = nil
	captures := w.upload.options.Captures
	for _, id := range keep.Keeps(captures) {
		for _, name := range keep.Waiting(filepath.Join(captures, keep.Folder, id)) {
			w.kept = append(w.kept, keep.Folder+"/"+id+"/"+name)
		}
	}
	return w.kept
}

// uploadKept uploads a file of a keep; why and ended are as those of uploadOne.
func (b *batch) uploadKept(name string) (why string, ended bool) {
	w := b.worker
	path := w.upload.keptPath(name)
	sum, err := sumOf(path)
	if err != nil {
		return b.missing(path, err), false
	}
	size, _ := exists(path)
	return b.send(rclonejob.File{Path: path, Name: name, Plain: true}, size, func() {
		w.kept = slices.DeleteFunc(w.kept, func(other string) bool { return other == name })
		// If it cannot be written, the file is uploaded once more after a restart.
		_ = keep.SetUploaded(filepath.Dir(path), filepath.Base(path), sum)
	})
}
