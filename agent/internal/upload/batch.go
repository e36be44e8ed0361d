package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
	"time"

	"packet-capture/agent/internal/rclonejob"
)

// batch is the upload of all waiting files by one process of rclone.
type batch struct {
	worker *worker
	// ctx ends the batch at once, left after the file that is on its way.
	ctx, left   context.Context
	destination string
	workload    string
	secret      secret
	proxy       *proxy
	child       *child
	// failed are files that are left for the next batch.
	failed map[string]bool
	// done, bytes and unverified are for the next event; since is the time of the first file in it.
	done       []string
	bytes      uint64
	unverified string
	since      time.Time
}

func newBatch(ctx, left context.Context, w *worker, destination string) *batch {
	return &batch{worker: w, ctx: ctx, left: left, destination: destination, failed: map[string]bool{}}
}

// run uploads the waiting files. reason is why a file was not uploaded, in words for people.
func (b *batch) run() (reason string) {
	options := b.worker.upload.options
	var err error
	if b.secret, err = readSecret(options.Secret, options.Proxy, options.NoProxy); err != nil {
		return b.hide(err.Error())
	}
	if b.proxy, err = startProxy(options.Network, b.secret.up); err != nil {
		return b.hide(err.Error())
	}
	defer b.proxy.close()
	labels, _ := os.ReadFile(options.Labels)
	b.workload = Workload(options.Pod, string(labels))
	setup := rclonejob.Setup{Config: b.secret.config, Remote: b.folder(), Proxy: b.proxy.url.String(), CA: b.secret.ca}
	if b.child, err = startChild(b.ctx, options.Program, setup); err != nil {
		return b.hide(err.Error())
	}
	defer func() { _ = b.child.end() }()
	defer b.report()
	return b.uploadAll()
}

// folder is the folder of the pod's files at the destination.
func (b *batch) folder() string {
	options := b.worker.upload.options
	return strings.TrimSuffix(b.destination, "/") + "/" + options.Namespace + "/" + b.workload + "/" + options.Pod
}

// uploadAll uploads until no file waits. A file that fails is left for the next batch; after two in a row, all are.
func (b *batch) uploadAll() (reason string) {
	inARow := 0
	for b.left.Err() == nil {
		far := b.next()
		if far == "" {
			return reason
		}
		why, ended := b.uploadOne(far)
		if why == "" {
			inARow = 0
			continue
		}
		b.failed[far] = true
		if reason == "" {
			reason = why
		}
		if inARow++; ended || inARow == 2 {
			return reason
		}
	}
	return reason
}

// next is the first waiting file that this batch has not tried yet.
func (b *batch) next() string {
	if len(b.done) >= atOnce || len(b.done) > 0 && time.Since(b.since) > atOnceTime {
		b.report()
	}
	u := b.worker.upload
	for _, name := range b.worker.waitingKept() {
		if _, there := exists(u.keptPath(name)); there && !b.failed[name] {
			return name
		}
	}
	for _, far := range u.queue.list(closedEnding) {
		if _, there := exists(u.names.near(far)); there && !b.failed[far] {
			return far
		}
	}
	return ""
}

// uploadOne uploads a file. why is why that failed, in words for people; ended: rclone's process has ended.
func (b *batch) uploadOne(far string) (why string, ended bool) {
	if isKept(far) {
		return b.uploadKept(far)
	}
	u := b.worker.upload
	note, err := u.queue.read(far, closedEnding)
	if err != nil {
		// Only the agent writes notes, so the next try would fail too.
		u.queue.remove(far, closedEnding)
		return "the note of " + far + " cannot be read", false
	}
	near := u.names.near(far)
	if note.SHA256, err = sumOf(near); err != nil {
		return b.missing(near, err), false
	}
	note.Workload, note.Versions = b.workload, &Versions{Agent: u.options.Version}
	text, err := json.Marshal(note)
	if err != nil {
		return err.Error(), false
	}
	file := rclonejob.File{Path: near, Name: far, Note: string(text) + "\n"}
	return b.send(file, note.Bytes, func() { u.queue.remove(far, closedEnding) })
}

// send has the child upload a file of that many bytes, and calls done when the destination has it.
func (b *batch) send(file rclonejob.File, bytes int64, done func()) (why string, ended bool) {
	result, err := b.child.upload(file)
	switch {
	case err != nil:
		return b.hide(err.Error()), true
	case result.Gone:
		return "", false
	case result.Error != "":
		if failure := b.proxy.failure(); failure != "" {
			return b.hide(failure), false
		}
		return b.hide(result.Error), false
	}
	done()
	if unverified := b.hide(result.Unverified); unverified != b.unverified {
		b.report()
		b.unverified = unverified
	}
	if len(b.done) == 0 {
		b.since = time.Now()
	}
	b.done = append(b.done, file.Name)
	b.bytes += uint64(bytes)
	return "", false
}

// missing is why a file cannot be read; empty if the ring has removed it, which look reports.
func (b *batch) missing(near string, err error) string {
	if _, there := exists(near); !there {
		return ""
	}
	return b.hide(err.Error())
}

// report reports the files that were uploaded since the last report.
func (b *batch) report() {
	b.worker.uploaded(b.done, b.bytes, b.unverified)
	b.done, b.bytes = nil, 0
}

func (b *batch) hide(text string) string {
	hidden := b.secret.hidden
	if b.proxy != nil {
		password, _ := b.proxy.url.User.Password()
		hidden = append(hidden, password)
	}
	return Mask(text, b.secret.config, hidden...)
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
