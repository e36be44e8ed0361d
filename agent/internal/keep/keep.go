// Package keep keeps capture files out of the ring's rotation.
//
// A kept file is a hard link kept/ID/NAME next to the ring: it takes no room of its own until the ring removes the file.
// Next to it is keep.json, which says what was kept, and why. docs/flight-recorder.md describes the behaviour.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Folder is the name of the folder of kept files, inside that of the captures.
const Folder = "kept"

// noteName is the name of the note in the folder of a keep, and uploadedName that of the list of what was uploaded.
const (
	noteName     = "keep.json"
	uploadedName = ".uploaded"
)

// Trigger is what asked for a keep.
type Trigger string

// The triggers.
const (
	// Annotation is the setting `keep`, by the pod's annotation or by `set`.
	Annotation Trigger = "annotation"
	// Command is `packet-capture-agent keep`, which `kubectl exec` starts.
	Command Trigger = "command"
	// HTTP is a request of an app in the pod.
	HTTP Trigger = "http"
	// Exit is the end of the pod.
	Exit Trigger = "exit"
)

// MayReplace reports whether a keep that was not uploaded may be removed for one with this trigger. An app of the pod
// must not be able to remove files that others have kept.
func (t Trigger) MayReplace() bool { return t == Annotation || t == Command }

// Request asks to keep the files of a window.
type Request struct {
	// From and To are the window. To may be later than now: files are kept as they close then.
	From, To time.Time
	// Relative: the window was given as time before now. Files whose packets seem to come from the future belong to it,
	// too: the clock was set back.
	Relative bool
	Trigger  Trigger
	Reason   string
	// By is who asked, as far as that is known.
	By string
}

// Note is the content of keep.json.
type Note struct {
	ID          string    `json:"id"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	RequestedAt time.Time `json:"requestedAt"`
	Trigger     Trigger   `json:"trigger"`
	Reason      string    `json:"reason"`
	By          string    `json:"by,omitempty"`
	Namespace   string    `json:"namespace"`
	Pod         string    `json:"pod"`
	Node        string    `json:"node"`
	// Files are the kept files, the oldest first. The numbers are their sums.
	Files   []File `json:"files"`
	Packets int64  `json:"packets"`
	Bytes   int64  `json:"bytes"`
	Dropped int64  `json:"dropped"`
	// Complete: every file of the window was kept, until its end. It is false while the window lasts.
	Complete bool `json:"complete"`
	// Truncated counts the files for which there was no room.
	Truncated *Amount `json:"truncated,omitempty"`
	// Ended is when the last file was kept; nil while the window lasts.
	Ended *time.Time `json:"ended,omitempty"`
	// Relative is the request's.
	Relative bool `json:"relative,omitempty"`
	// Interrupted: the agent was restarted, or ended, while the window lasted.
	Interrupted bool `json:"interrupted,omitempty"`
	// Failed: a file could not be linked.
	Failed bool `json:"failed,omitempty"`
}

// Clone returns a copy.
func (n *Note) Clone() *Note {
	clone := *n
	clone.Files = slices.Clone(n.Files)
	if n.Truncated != nil {
		truncated := *n.Truncated
		clone.Truncated = &truncated
	}
	return &clone
}

// File is a kept file.
type File struct {
	// Name is that of the file in the ring, without a folder.
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes"`
	Packets int64  `json:"packets"`
	Dropped int64  `json:"dropped"`
	// First and Last are the times of its packets.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Amount is a number of files, and their bytes.
type Amount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Open reports whether the window lasts.
func (n *Note) Open() bool { return n.Ended == nil }

// has reports whether the keep has a file of that name.
func (n *Note) has(name string) bool {
	for _, file := range n.Files {
		if file.Name == name {
			return true
		}
	}
	return false
}

// Sum adds up the files.
func (n *Note) Sum() {
	n.Packets, n.Bytes, n.Dropped = 0, 0, 0
	for _, file := range n.Files {
		n.Packets += file.Packets
		n.Bytes += file.Bytes
		n.Dropped += file.Dropped
	}
}

// read reads the note of a keep.
func read(folder string) (*Note, error) {
	text, err := os.ReadFile(filepath.Join(folder, noteName))
	if err != nil {
		return nil, err
	}
	note := &Note{}
	if err := json.Unmarshal(text, note); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, noteName), err)
	}
	if note.ID != filepath.Base(folder) {
		return nil, fmt.Errorf("%s is about %q", filepath.Join(folder, noteName), note.ID)
	}
	return note, nil
}

// write writes keep.json as a whole: a reader never sees a part of it.
func (n *Note) write(folder string) error {
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, noteName)
	fresh := path + ".new"
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(fresh)))
	}
	return os.Rename(fresh, path)
}
