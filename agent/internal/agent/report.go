package agent

import (
	"encoding/json"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/record"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
	"packet-capture/agent/internal/upload"
)

const (
	// soon is how long a change of the status waits at most for others that come with it.
	soon = 500 * time.Millisecond
	// often is how often the numbers are written while packets come.
	often = 2 * time.Second
)

// report writes the status: soon after something has happened, and every two seconds while packets come. Without either
// it sets no timer.
type report struct {
	agent   *Agent
	timer   *loop.Timer
	due     time.Time
	written time.Time
	// packets is the count in the status that was written last.
	packets int64

	lastError   json.RawMessage
	lastErrorAt time.Time
}

// changed is called when anything but the counters has changed.
func (r *report) changed() { r.within(soon) }

// counted is called when packets may have come.
func (r *report) counted() {
	if r.agent.recorder.Totals().Packets != r.packets {
		r.within(often)
	}
}

// within has the status written once d has passed since it was written last.
func (r *report) within(d time.Duration) {
	now := time.Now()
	due := r.written.Add(d)
	if due.Before(now) {
		due = now
	}
	if r.timer != nil && !due.Before(r.due) {
		return
	}
	r.timer.Stop()
	r.due = due
	r.timer = r.agent.loop.After(due.Sub(now), r.write)
}

// write writes the status. An error of the volume is ignored: the next write tries again.
func (r *report) write() {
	r.timer.Stop()
	r.timer = nil
	r.written = time.Now()
	a := r.agent
	a.recorder.Settle()
	s := a.status()
	r.packets = s.Packets
	var metrics []byte
	if a.metrics != nil {
		m := status.Metrics{Status: s, LastErrorAt: r.lastErrorAt, Push: a.push.Status(), Upload: a.upload.Status(), Mirror: a.mirror.reported}
		if !settings.Stopped(a.invalid) {
			m.FilesLimit = a.set.FileCount
		}
		metrics = m.Text()
		a.metrics.Set(metrics)
	}
	if text, err := json.Marshal(s); err == nil {
		_ = a.folder.Write(append(text, '\n'), metrics)
	}
}

// status collects the members of status.json.
func (a *Agent) status() status.Status {
	totals := a.recorder.Totals()
	s := status.Status{
		Time:       events.Time(time.Now()),
		Version:    a.options.Version,
		State:      a.state,
		Reason:     a.reason,
		Interfaces: a.session.names(),
		Filter:     a.inForce["filter"],
		File:       a.recorder.Path(),
		Files:      totals.Files,
		Packets:    totals.Packets,
		Bytes:      totals.Bytes,
		Dropped:    status.Dropped{Kernel: totals.Kernel, Interface: totals.Interface, Queue: totals.Queue},
		Settings:   json.RawMessage("{}"),
		Invalid:    append([]settings.Invalid{}, a.invalid...),
		LastError:  a.report.lastError,
	}
	if a.values != nil {
		s.Settings = allSettingsObject(a.values)
	}
	if !a.startedAt.IsZero() {
		s.Started = events.Time(a.startedAt)
	}
	if !settings.Stopped(a.invalid) {
		s.Snaplen = status.Snaplen(a.set.Snaplen)
	}
	if files, bytes, err := a.ring.Measure(); err == nil {
		s.Ring = status.Ring{Files: files, Bytes: bytes}
	}
	// A nil pointer in an interface would become `null` instead of being omitted.
	if p := a.push.Status(); p != nil {
		s.Stream = p
	}
	if u := a.upload.Status(); u != nil {
		s.Upload = u
	}
	if a.mirror.text != nil {
		s.Mirror = a.mirror.text
	}
	s.Attached = a.attachment.status()
	s.Kept = a.keeper.status()
	return s
}

// emit writes an event.
func (a *Agent) emit(event string, members ...events.Member) {
	a.log.Emit(event, members...)
	a.report.changed()
}

// emitObject writes an event whose members are those of a JSON object.
func (a *Agent) emitObject(event string, value any) {
	members := events.Members(value)
	if event == "error" {
		a.report.remember(members)
	}
	a.emit(event, members...)
}

// emitError reports an error outside this program; retry is 0 when nothing is tried again.
func (a *Agent) emitError(reason string, retry time.Duration) {
	members := []events.Member{{Name: "reason", Value: reason}}
	if retry > 0 {
		members = append(members, events.Member{Name: "retry", Value: retry.String()})
	}
	a.report.remember(members)
	a.emit("error", members...)
}

// remember keeps the last error.
func (r *report) remember(members []events.Member) {
	r.lastErrorAt = time.Now()
	r.lastError = events.Object(append([]events.Member{{Name: "time", Value: events.Time(r.lastErrorAt)}}, members...)...)
}

// fileObserver is notified of the files that the recorder opens and closes (record.Observer).
type fileObserver Agent

// FileOpened implements record.Observer.
func (o *fileObserver) FileOpened(path string) {
	a := (*Agent)(o)
	a.rotateAfter(a.set.Rotate)
	a.keeper.fileOpened()
	a.upload.Opened(upload.File{
		Path:       path,
		Interfaces: a.session.names(),
		Filter:     a.set.Filter,
		Snaplen:    status.Snaplen(a.set.Snaplen),
		Started:    time.Now(),
	})
	a.report.changed()
}

// FileClosed implements record.Observer.
func (o *fileObserver) FileClosed(file record.Closed) {
	a := (*Agent)(o)
	a.upload.Closed(time.Now(), uint64(file.Packets), uint64(file.Dropped), file.Bytes)
	a.keeper.fileClosed(file)
	a.emit("file closed",
		events.Member{Name: "file", Value: file.Path},
		events.Member{Name: "packets", Value: file.Packets},
		events.Member{Name: "bytes", Value: file.Bytes},
		events.Member{Name: "dropped", Value: file.Dropped},
		events.Member{Name: "kept", Value: file.Kept})
	a.tidy()
}
