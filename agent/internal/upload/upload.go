// Package upload uploads closed capture files to the destination of the setting `upload`, and asks it whether it has
// them.
//
// The capture writes a note for each file into a folder (queue) when it is opened, and completes the note when it is
// closed. A goroutine (worker) uploads the files with a process of rclone (agent/rclone), so the network cannot delay a
// capture. Notes that a container leaves in the folder are done by the next one. docs/upload.md describes the
// behaviour.
package upload

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"packet-capture/agent/internal/loop"
)

// Status is the member `upload` of status.json. Numbers count since the container started.
type Status struct {
	Destination   string `json:"destination"`
	Pending       int    `json:"pending"`
	PendingBytes  int64  `json:"pendingBytes"`
	Uploaded      uint64 `json:"uploaded"`
	UploadedBytes uint64 `json:"uploadedBytes"`
	Failed        uint64 `json:"failed"`
	Lost          uint64 `json:"lost"`
	// LastUploaded is when files were uploaded last, in UTC; empty: never.
	LastUploaded string `json:"lastUploaded"`
	LastError    string `json:"lastError"`
	// Unverified counts files that the destination accepted, but could not be asked for.
	Unverified uint64 `json:"unverified,omitempty"`
	// PendingKept counts those of Pending that are of keeps (package keep).
	PendingKept int `json:"-"`
}

// UploadedEvent holds the members of the event `uploaded`. Unverified is why the destination could not be asked for the
// files.
type UploadedEvent struct {
	Files      []string `json:"files"`
	Bytes      uint64   `json:"bytes"`
	Unverified string   `json:"unverified,omitempty"`
}

// FailedEvent holds the members of the event `upload failed`.
type FailedEvent struct {
	Reason  string `json:"reason"`
	Pending int    `json:"pending"`
	Retry   string `json:"retry"`
}

// LostEvent holds the members of the event `upload lost`. Packets is nil for a file that was never closed.
type LostEvent struct {
	File    string  `json:"file"`
	Packets *uint64 `json:"packets,omitempty"`
}

// ErrorEvent holds the members of an event `error` of an upload.
type ErrorEvent struct {
	Reason string `json:"reason"`
}

// Options configure an Upload. Emit and Changed are called on the loop.
type Options struct {
	Loop    *loop.Loop
	Network Network
	// Emit writes an event: `uploaded`, `upload failed`, `upload lost` or `error`, with its members.
	Emit func(event string, members any)
	// Changed is called when Status has changed.
	Changed func()
	// Captures is the folder of the ring, and Folder the folder of the notes.
	Captures, Folder string
	// Secret is where the Secret is mounted, and Labels the file with the pod's labels.
	Secret, Labels string
	// Program is the path of agent/rclone.
	Program string
	// Proxy and NoProxy apply to uploads only, in the form of HTTPS_PROXY and NO_PROXY; the Secret may replace them.
	Proxy, NoProxy string
	// Namespace, Pod and Node name the pod and its node; Version is the agent's.
	Namespace, Pod, Node, Version string
}

// Upload does what the setting `upload` asks for. Its methods are called on the loop.
type Upload struct {
	options Options
	names   names
	queue   queue
	worker  *worker
	// interrupted are files that were open when the container before this one ended.
	interrupted []string
	destination string
	// open is the name of the open file at the destination, openNote its note; empty: the file will not be uploaded.
	open     string
	openNote Note
	status   Status
	// keptChanged: the worker is to look for files of keeps.
	keptChanged atomic.Bool
}

// New takes over the notes of the container before this one. Nothing happens before Set.
func New(options Options) *Upload {
	u := &Upload{options: options, names: names{options.Pod, options.Captures}, queue: queue{filepath.Join(options.Folder, "queue")}}
	u.interrupted = u.queue.list(openEnding)
	u.keptChanged.Store(true)
	return u
}

// Set sets the destination, REMOTE:PATH or empty. It applies to files that are opened afterwards, and to waiting ones.
func (u *Upload) Set(destination string) {
	if destination == u.destination {
		return
	}
	u.destination = destination
	if u.worker == nil {
		u.worker = newWorker(u)
		go u.worker.run()
	}
	u.worker.set(destination)
	u.status.Destination = destination
	u.options.Changed()
}

// File is a capture file that was just opened.
type File struct {
	Path       string
	Interfaces []string
	Filter     string
	// Snaplen is a number of bytes, or "headers".
	Snaplen any
	Started time.Time
}

// Opened writes the note of a file that was just opened.
func (u *Upload) Opened(file File) {
	u.open = ""
	if u.destination == "" {
		return
	}
	far, err := u.names.far(file.Path)
	if err == nil {
		u.openNote = Note{
			File: filepath.Base(file.Path), Namespace: u.options.Namespace, Pod: u.options.Pod, Node: u.options.Node,
			Interfaces: file.Interfaces, Filter: file.Filter, Snaplen: file.Snaplen, Started: clock(file.Started),
		}
		err = u.queue.write(far, openEnding, u.openNote)
	}
	if err != nil {
		u.cannotNote(file.Path)
		return
	}
	u.open = far
}

// Closed completes the note of the open file, which is closed now. A file without packets is not uploaded.
func (u *Upload) Closed(ended time.Time, packets, dropped uint64, bytes int64) {
	far := u.open
	u.open = ""
	if far == "" {
		return
	}
	defer u.Look()
	if packets > 0 {
		u.openNote.Ended, u.openNote.Packets, u.openNote.Dropped, u.openNote.Bytes = clock(ended), packets, &dropped, bytes
		if err := u.queue.write(far, closedEnding, u.openNote); err != nil {
			u.cannotNote(u.names.near(far))
		}
	}
	u.queue.remove(far, openEnding)
}

// Look checks whether the ring has removed files that were to be uploaded.
func (u *Upload) Look() {
	if u.worker != nil {
		u.worker.poke()
	}
}

// KeptChanged has files of keeps uploaded, before all others. It is to be called when a keep has changed.
func (u *Upload) KeptChanged() {
	u.keptChanged.Store(true)
	u.Look()
}

// Close uploads the waiting files within that time, and ends. done is called on the loop.
func (u *Upload) Close(within time.Duration, done func()) {
	if u.worker == nil {
		done()
		return
	}
	timer := u.options.Loop.After(within, u.worker.stop)
	u.worker.onEnd = func(pending int) {
		timer.Stop()
		if pending > 0 {
			u.options.Emit("error", ErrorEvent{"upload: the container ends before " + plural(pending, "file was", "files were") + " uploaded"})
		}
		done()
	}
	u.worker.finish()
}

// Status is nil when nothing is to be uploaded.
func (u *Upload) Status() *Status {
	if u.destination == "" {
		return nil
	}
	status := u.status
	return &status
}

// cannotNote is the reason why a file will not be uploaded when its note cannot be written.
func cannotNote(path, folder string) string {
	return "upload: " + path + " will not be uploaded: its note cannot be written in " + folder
}

func (u *Upload) cannotNote(path string) {
	u.options.Emit("error", ErrorEvent{cannotNote(path, u.queue.folder)})
}

func clock(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// exists reports whether a file still exists, and its size in bytes.
func exists(path string) (size int64, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}
