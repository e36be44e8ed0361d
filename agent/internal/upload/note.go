package upload

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Note is the JSON that lies in the queue, and later next to the uploaded capture file.
type Note struct {
	File       string   `json:"file"`
	Namespace  string   `json:"namespace"`
	Pod        string   `json:"pod"`
	Node       string   `json:"node"`
	Interfaces []string `json:"interfaces"`
	Filter     string   `json:"filter"`
	// Snaplen is a number of bytes, or "headers".
	Snaplen any    `json:"snaplen"`
	Started string `json:"started"`
	Ended   string `json:"ended"`
	Packets uint64 `json:"packets"`
	// Dropped is nil for a file that was open when its container was killed: the number is not known.
	Dropped *uint64 `json:"dropped"`
	Bytes   int64   `json:"bytes"`
	// These are filled in when the file is uploaded.
	Workload string    `json:"workload,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Versions *Versions `json:"versions,omitempty"`
}

// Versions are those of the programs that made a file.
type Versions struct {
	Agent string `json:"agent"`
}

// names translates the names of files in the ring, POD_TIME_NUMBER.pcapng, to those at the destination, TIME-NUMBER,
// and back.
type names struct {
	pod    string
	folder string
}

// far is the name at the destination of a file in the ring: 20261122T180000Z-00001.
func (n names) far(file string) (string, error) {
	rest, ours := strings.CutPrefix(filepath.Base(file), n.pod+"_")
	rest, pcapng := strings.CutSuffix(rest, ".pcapng")
	time, number, found := strings.Cut(rest, "_")
	if !ours || !pcapng || !found || len(time) != 14 {
		return "", fmt.Errorf("%s is not the name of a capture file", filepath.Base(file))
	}
	return time[:8] + "T" + time[8:] + "Z-" + number, nil
}

// near is the path in the ring of a file with that name at the destination.
func (n names) near(far string) string {
	time, number, _ := strings.Cut(far, "Z-")
	return filepath.Join(n.folder, n.pod+"_"+strings.Replace(time, "T", "", 1)+"_"+number+".pcapng")
}

// The endings of notes of open files, and of files to upload.
const (
	openEnding   = ".open"
	closedEnding = ".json"
)

// queue is the folder of notes; it stays when the container is restarted.
type queue struct{ folder string }

func (q queue) path(far, ending string) string {
	return filepath.Join(q.folder, far+ending)
}

// write writes a whole note or nothing.
func (q queue) write(far, ending string, note Note) error {
	if err := os.MkdirAll(q.folder, 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	fresh := q.path(far, ".new")
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(fresh)))
	}
	return os.Rename(fresh, q.path(far, ending))
}

func (q queue) read(far, ending string) (Note, error) {
	var note Note
	text, err := os.ReadFile(q.path(far, ending))
	if err == nil {
		err = json.Unmarshal(text, &note)
	}
	return note, err
}

func (q queue) remove(far, ending string) {
	_ = os.Remove(q.path(far, ending))
}

// list returns the names at the destination of all notes with this ending, the oldest first.
func (q queue) list(ending string) []string {
	entries, _ := os.ReadDir(q.folder)
	var list []string
	for _, entry := range entries {
		if far, ok := strings.CutSuffix(entry.Name(), ending); ok {
			list = append(list, far)
		}
	}
	slices.Sort(list)
	return list
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
