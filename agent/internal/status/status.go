// Package status writes the agent's state for others: status.json, and the same numbers for Prometheus by HTTP.
package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"packet-capture/agent/internal/settings"
)

// State is the state of the capture.
type State string

// The states.
const (
	Capturing State = "capturing"
	Idle      State = "idle"
	Waiting   State = "waiting"
	Invalid   State = "invalid"
	Stopped   State = "stopped"
)

// States are all states, in the order of the metrics.
var States = []State{Capturing, Idle, Waiting, Invalid, Stopped}

// Status is the content of status.json; docs/agent.md describes its members.
type Status struct {
	Time       string             `json:"time"`
	Version    string             `json:"version"`
	State      State              `json:"state"`
	Reason     string             `json:"reason"`
	Started    string             `json:"started"`
	Interfaces []string           `json:"interfaces"`
	Filter     string             `json:"filter"`
	Snaplen    Snaplen            `json:"snaplen"`
	File       string             `json:"file"`
	Files      int64              `json:"files"`
	Packets    int64              `json:"packets"`
	Bytes      int64              `json:"bytes"`
	Dropped    Dropped            `json:"dropped"`
	Ring       Ring               `json:"ring"`
	Kept       Kept               `json:"kept"`
	Settings   json.RawMessage    `json:"settings"`
	Upload     any                `json:"upload,omitempty"`
	Stream     any                `json:"stream,omitempty"`
	Mirror     any                `json:"mirror,omitempty"`
	Attached   *Attached          `json:"attached,omitempty"`
	Invalid    []settings.Invalid `json:"invalid"`
	LastError  json.RawMessage    `json:"lastError,omitempty"`
}

// Attached is what only the status of an attached agent has.
type Attached struct {
	// Until is when the agent ends, in UTC.
	Until string `json:"until"`
	// By is who asked for the settings, and Reason why; empty when it is not known.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Dropped counts dropped packets by where they were dropped.
type Dropped struct {
	Kernel    int64 `json:"kernel"`
	Interface int64 `json:"interface"`
	Queue     int64 `json:"queue"`
}

// Ring counts the files in the volume, including the open one.
type Ring struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Kept counts what is kept out of the ring's rotation (package keep).
type Kept struct {
	Keeps int `json:"keeps"`
	// Files and Bytes count each file once, though several keeps may have it. Limit is how many bytes there may be.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	Limit int64 `json:"limit"`
	// IDs are the keeps, the oldest first; Lasting are those of them whose window has not ended.
	IDs     []string `json:"ids"`
	Lasting []string `json:"lasting"`
	// Pending is how many files, notes included, are to be uploaded.
	Pending int `json:"pending"`
	// Total, LeftOut, Removed and Failed count since the container started: requests, files for which there was no
	// room, keeps that gave way to others, and errors.
	Total   int64 `json:"total"`
	LeftOut int64 `json:"leftOut"`
	Removed int64 `json:"removed"`
	Failed  int64 `json:"failed"`
}

// Snaplen is a number of bytes, or "headers".
type Snaplen settings.Snaplen

// MarshalJSON implements json.Marshaler.
func (s Snaplen) MarshalJSON() ([]byte, error) {
	if s.Headers {
		return []byte(`"headers"`), nil
	}
	return json.Marshal(s.Bytes)
}

// Folder is the folder of the agent's own files, next to the captures.
type Folder struct {
	Path string
}

const (
	statusFile  = "status.json"
	metricsFile = "metrics"
	newFolder   = "new"
	// Only the agent's user may read captures, and what is reported about them.
	folderMode = 0o700
	fileMode   = 0o600
)

// Open makes the folder, unless it exists, and makes sure that no other user can read it.
func (f Folder) Open() error {
	for _, path := range []string{f.Path, filepath.Join(f.Path, newFolder)} {
		if err := os.Mkdir(path, folderMode); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := os.Chmod(path, folderMode); err != nil {
			return err
		}
	}
	return nil
}

// Write replaces the metrics, if there are any, and then the status: a reader of the new status finds the new metrics.
func (f Folder) Write(text, metrics []byte) error {
	if err := f.Open(); err != nil {
		return err
	}
	if metrics != nil {
		if err := f.replace(metricsFile, metrics); err != nil {
			return err
		}
	}
	return f.replace(statusFile, text)
}

// replace replaces a file as a whole: a reader never sees a part of it. On a full volume it overwrites the old file in
// place.
func (f Folder) replace(name string, text []byte) error {
	path, fresh := filepath.Join(f.Path, name), filepath.Join(f.Path, newFolder, name)
	if err := os.WriteFile(fresh, text, fileMode); err == nil {
		if err := os.Rename(fresh, path); err == nil {
			return nil
		}
	}
	_ = os.Remove(fresh)
	if err := os.WriteFile(path, text, fileMode); err != nil {
		return fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return nil
}
