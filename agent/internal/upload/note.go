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

// Note is what lies next to each uploaded capture file, as JSON, and before that in the queue.
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
	// Dropped is nil for a file that was open when its container was killed: nobody knows then.
	Dropped *uint64 `json:"dropped"`
	Bytes   int64   `json:"bytes"`
	// These are known when it is uploaded.
	Workload string    `json:"workload,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Versions *Versions `json:"versions,omitempty"`
}

// Versions are those of the programs that made a file.
type Versions struct {
	Agent string `json:"agent"`
}

// names knows what files are called in the ring, POD_TIME_NUMBER.pcapng, and at the far end, TIME-NUMBER.
type names struct {
	pod    string
	folder string
}

// far is what a file of the ring is called at the far end: 20261122T180000Z-00001.
func (n names) far(file string) (string, error) {
	rest, ours := strings.CutPrefix(filepath.Base(file), n.pod+"_")
	rest, pcapng := strings.CutSuffix(rest, ".pcapng")
	time, number, found := strings.Cut(rest, "_")
	if !ours || !pcapng || !found || len(time) != 14 {
		return "", fmt.Errorf("%s is not called as capture files are", filepath.Base(file))
	}
	return time[:8] + "T" + time[8:] + "Z-" + number, nil
}

// near is the path in the ring of what is called so at the far end.
func (n names) near(far string) string {
	time, number, _ := strings.Cut(far, "Z-")
	return filepath.Join(n.folder, n.pod+"_"+strings.Replace(time, "T", "", 1)+"_"+number+".pcapng")
}

// The notes of files that are open, and of those that are to be uploaded.
const (
	openEnding   = ".open"
	closedEnding = ".json"
)

// queue is the folder of notes; it outlives the container.
type queue struct{ folder string }

func (q queue) path(far, ending string) string {
	return filepath.Join(q.folder, far+ending)
}

// write writes a note as a whole or not at all.
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

// list gives the names at the far end of all notes with this ending, the oldest first.
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
