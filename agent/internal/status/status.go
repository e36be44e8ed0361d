// Package status writes what goes on where others read it: status.json and, for Prometheus, the same numbers by HTTP.
package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"packet-capture/agent/internal/settings"
)

// State of the capture.
type State string

// States.
const (
	Capturing State = "capturing"
	Idle      State = "idle"
	Waiting   State = "waiting"
	Invalid   State = "invalid"
	Stopped   State = "stopped"
)

// States are all of them, in the order in which the metrics have them.
var States = []State{Capturing, Idle, Waiting, Invalid, Stopped}

// Status is what status.json holds: docs/agent.md says what its members are.
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
	Settings   json.RawMessage    `json:"settings"`
	Upload     any                `json:"upload,omitempty"`
	Stream     any                `json:"stream,omitempty"`
	Mirror     any                `json:"mirror,omitempty"`
	Invalid    []settings.Invalid `json:"invalid"`
	LastError  json.RawMessage    `json:"lastError,omitempty"`
}

// Dropped tells by whom packets were dropped.
type Dropped struct {
	Kernel    int64 `json:"kernel"`
	Interface int64 `json:"interface"`
	Queue     int64 `json:"queue"`
}

// Ring is what lies in the volume, the open file included.
type Ring struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Snaplen is a number, or the word for headers.
type Snaplen settings.Snaplen

// MarshalJSON is json.Marshaler's.
func (s Snaplen) MarshalJSON() ([]byte, error) {
	if s.Headers {
		return []byte(`"headers"`), nil
	}
	return json.Marshal(s.Bytes)
}

// Folder is where the agent's own files lie, next to the captures.
type Folder struct {
	Path string
}

const (
	statusFile  = "status.json"
	metricsFile = "metrics"
	newFolder   = "new"
	// Captures are nobody's business but the agent's, and what is said of them neither.
	folderMode = 0o700
	fileMode   = 0o600
)

// Open makes the folder, if it is not there, and sees to it that nobody else can look into it.
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

// Write replaces the status, and the metrics before it, if there are any: who sees the one finds the other as new.
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

// replace replaces a file as a whole: a reader never sees a part of it. On a volume that is full there is the place of the
// old one.
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
