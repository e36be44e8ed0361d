package status

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"packet-capture/agent/internal/push"
	"packet-capture/agent/internal/upload"
)

// Metrics are the numbers that Prometheus reads: those of a status, and a few that status.json does not have.
type Metrics struct {
	Status
	// FilesLimit is file-count; 0 while the settings are not valid.
	FilesLimit int
	// LastErrorAt is when the last error was; the zero time before the first.
	LastErrorAt time.Time
	// Push are the numbers of the setting `stream`; nil while it is not set.
	Push *push.Status
	// Upload are the numbers of the setting `upload`; nil while it is not set.
	Upload *upload.Status
	// Mirror are the numbers of the setting `mirror`; nil until there are some.
	Mirror *Mirror
}

// Mirror holds the members of mirror.json that the metrics need.
type Mirror struct {
	State   string `json:"state"`
	Packets int64  `json:"packets"`
	Bytes   int64  `json:"bytes"`
	Dropped int64  `json:"dropped"`
}

// Exposition is text in Prometheus' format (prometheus.io/docs/instrumenting/exposition_formats). Prometheus' library
// would take half a megabyte of memory in every pod for a dozen lines.
type Exposition struct {
	bytes.Buffer
}

// Kinds of metrics.
const (
	Counter = "counter"
	Gauge   = "gauge"
)

// prefix is what every metric's name begins with.
const prefix = "packet_capture_"

// Sample is a value with its labels as text.
type Sample struct {
	labels string
	value  int64
}

// Value is a sample without a label.
func Value(value int64) Sample { return Sample{value: value} }

// Truth is 1 or 0.
func Truth(value bool) Sample {
	if value {
		return Sample{value: 1}
	}
	return Sample{}
}

func labelled(label, text string, s Sample) Sample {
	s.labels = "{" + label + "=" + strconv.Quote(text) + "}"
	return s
}

// Metric adds a metric; its name is given without the prefix.
func (e *Exposition) Metric(name, kind, help string, samples ...Sample) {
	fmt.Fprintf(e, "# HELP %[1]s%[2]s %[3]s\n# TYPE %[1]s%[2]s %[4]s\n", prefix, name, help, kind)
	for _, s := range samples {
		fmt.Fprintf(e, "%s%s%s %d\n", prefix, name, s.labels, s.value)
	}
}

// Text returns the metrics in Prometheus' format.
func (m Metrics) Text() []byte {
	var e Exposition
	e.Metric("agent_info", Gauge, "The version of the capture agent; always 1.", labelled("version", m.Version, Value(1)))
	e.Metric("packets_total", Counter, "Packets captured since the container started.", Value(m.Packets))
	e.Metric("bytes_total", Counter, "Bytes written to capture files since the container started.", Value(m.Bytes))
	e.Metric("dropped_packets_total", Counter, "Packets that are missing from the capture, by where they were dropped.",
		labelled("by", "kernel", Value(m.Dropped.Kernel)), labelled("by", "interface", Value(m.Dropped.Interface)),
		labelled("by", "queue", Value(m.Dropped.Queue)))
	e.Metric("files", Gauge, "Capture files in the ring, the open one included.", Value(int64(m.Ring.Files)))
	if m.FilesLimit > 0 {
		e.Metric("files_limit", Gauge, "Closed capture files that the ring keeps.", Value(int64(m.FilesLimit)))
	}
	e.Metric("ring_bytes", Gauge, "Bytes of the capture files in the ring.", Value(m.Ring.Bytes))
	e.kept(m.Kept)
	e.Metric("state", Gauge, "What the capture agent does: 1 for the state that it is in.", m.states()...)
	if len(m.Invalid) > 0 {
		var invalid []Sample
		for _, i := range m.Invalid {
			// One may be so for two reasons, and Prometheus takes a series once.
			if sample := labelled("setting", i.Setting, Value(1)); !slices.Contains(invalid, sample) {
				invalid = append(invalid, sample)
			}
		}
		e.Metric("setting_invalid", Gauge, "1 for a setting whose value is not valid.", invalid...)
	}
	if !m.LastErrorAt.IsZero() {
		e.Metric("last_error_timestamp_seconds", Gauge, "When the last error was.", Value(m.LastErrorAt.Unix()))
	}
	if m.Upload != nil {
		e.upload(m.Upload)
	}
	if m.Push != nil {
		e.push(m.Push)
	}
	if m.Mirror != nil {
		e.mirror(m.Mirror)
	}
	return e.Bytes()
}

func (m Metrics) states() []Sample {
	var all []Sample
	for _, state := range States {
		all = append(all, labelled("state", string(state), Truth(state == m.State)))
	}
	return all
}

func (e *Exposition) kept(k Kept) {
	e.Metric("kept_files", Gauge, "Capture files that are kept out of the ring's rotation.", Value(int64(k.Files)))
	e.Metric("kept_bytes", Gauge, "Bytes of the kept capture files.", Value(k.Bytes))
	e.Metric("kept_bytes_limit", Gauge, "Bytes that kept capture files may have.", Value(k.Limit))
	e.Metric("kept_pending_files", Gauge, "Kept files that are to be uploaded.", Value(int64(k.Pending)))
	e.Metric("keeps_total", Counter, "Requests to keep capture files.", Value(k.Total))
	e.Metric("keeps_removed_total", Counter, "Keeps that gave way to newer ones.", Value(k.Removed))
	e.Metric("keep_left_out_files_total", Counter, "Capture files that were not kept, because there was no room.", Value(k.LeftOut))
	e.Metric("keep_failures_total", Counter, "Errors while capture files were kept.", Value(k.Failed))
}

func (e *Exposition) push(s *push.Status) {
	e.Metric("stream_connected", Gauge, "Whether there is a connection to the collector.", Truth(s.State == push.Connected))
	e.Metric("stream_connections_total", Counter, "Connections made to the collector.", Value(int64(s.Connections)))
	e.Metric("stream_packets_total", Counter, "Packets written to the collector.", Value(int64(s.Packets)))
	e.Metric("stream_dropped_packets_total", Counter, "Packets dropped while the collector was connected.", Value(int64(s.Dropped)))
}

func (e *Exposition) upload(s *upload.Status) {
	// Kept files wait for no rotation: an alert compares these with the ring.
	e.Metric("upload_pending_files", Gauge, "Closed capture files of the ring that are to be uploaded.", Value(int64(s.Pending-s.PendingKept)))
	e.Metric("upload_pending_bytes", Gauge, "Bytes of the closed capture files that are to be uploaded.", Value(s.PendingBytes))
	e.Metric("upload_files_total", Counter, "Capture files uploaded, and found complete at the far end.", Value(int64(s.Uploaded)))
	e.Metric("upload_failures_total", Counter, "Failed attempts to upload.", Value(int64(s.Failed)))
	e.Metric("upload_lost_files_total", Counter, "Capture files that left the ring before they were uploaded.", Value(int64(s.Lost)))
	if last, err := time.Parse(time.RFC3339, s.LastUploaded); err == nil {
		e.Metric("upload_last_success_timestamp_seconds", Gauge, "When the last upload succeeded.", Value(last.Unix()))
	}
}

func (e *Exposition) mirror(m *Mirror) {
	e.Metric("mirror_active", Gauge, "Whether the kernel copies packets to the collector.", Truth(m.State == "mirroring"))
	e.Metric("mirror_packets_total", Counter, "Packets that were copied to the collector.", Value(m.Packets))
	e.Metric("mirror_bytes_total", Counter, "Bytes of these packets, without Ethernet.", Value(m.Bytes))
	e.Metric("mirror_dropped_packets_total", Counter, "Packets that should have been copied and were not.", Value(m.Dropped))
}
