package keep

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mostKeeps is how many keeps there may be: each takes some kilobytes, even if all of them have the same files.
const mostKeeps = 64

// suffix is the end of a capture file's name.
const suffix = ".pcapng"

// ErrNoRoom: there are as many keeps as there may be, and none of them may be removed.
var ErrNoRoom = fmt.Errorf("there are %d keeps already", mostKeeps)

// Removed is a keep that was removed to make room for another one.
type Removed struct {
	ID    string `json:"id"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	// Uploaded: the destination has all of it.
	Uploaded bool   `json:"uploaded"`
	Reason   string `json:"reason"`
}

// Store is the folder of the keeps. One goroutine may use it at a time.
type Store struct {
	// Captures is the folder of the ring.
	Captures string
	// Limit is how many bytes the kept files may have together; each file counts once, and whether the ring has it too
	// does not matter: it will leave the ring.
	Limit int64
	// Removed is called when a keep was removed to make room for another one.
	Removed func(Removed)

	// notes are the keeps, the oldest first.
	notes []*Note
	// sizes are the kept files in bytes, by inode; counts say how many links keep each.
	sizes  map[uint64]int64
	counts map[uint64]int
	bytes  int64
}

// Load reads the keeps that the previous container has left.
func (s *Store) Load() error {
	s.notes, s.sizes, s.counts, s.bytes = nil, map[uint64]int64{}, map[uint64]int{}, 0
	entries, err := os.ReadDir(s.root())
	if err != nil {
		return ignoreMissing(err)
	}
	var problem error
	for _, entry := range entries {
		if !isID(entry.Name()) || !entry.IsDir() {
			continue
		}
		note, err := read(s.folder(entry.Name()))
		if err != nil {
			note = s.restore(entry.Name())
			problem = errors.Join(problem, ignoreMissing(err))
		}
		s.notes = append(s.notes, note)
		note.Files = slices.DeleteFunc(note.Files, func(f File) bool { return !s.count(s.path(note.ID, f.Name)) })
	}
	slices.SortFunc(s.notes, func(a, b *Note) int { return compareIDs(a.ID, b.ID) })
	return problem
}

// restore makes a note of the files in the folder of a keep, whose own note is missing or damaged: the volume was full,
// or the container was killed before it was written.
func (s *Store) restore(id string) *Note {
	at, _ := time.Parse(idLayout, id[:len("20061122T180000Z")])
	note := &Note{ID: id, From: at, To: at, RequestedAt: at, Files: []File{}}
	entries, _ := os.ReadDir(s.folder(id))
	for _, entry := range entries {
		if c, ok := Examine(s.path(id, entry.Name())); ok && strings.HasSuffix(c.Name, suffix) {
			note.Files = append(note.Files, File{Name: c.Name, Bytes: c.Bytes, First: c.First.UTC(), Last: c.Last.UTC()})
			if c.First.Before(note.From) {
				note.From = c.First.UTC()
			}
		}
	}
	return note
}

// All returns the keeps, the oldest first.
func (s *Store) All() []*Note { return s.notes }

// Has reports whether a keep is still there.
func (s *Store) Has(note *Note) bool { return slices.Contains(s.notes, note) }

// Bytes is how many bytes the kept files have, each counted once.
func (s *Store) Bytes() int64 { return s.bytes }

// Files is the number of different kept files.
func (s *Store) Files() int { return len(s.sizes) }

// Create makes the folder of a keep. It removes an older one if there are too many.
func (s *Store) Create(id string, now time.Time, request Request) (*Note, error) {
	for len(s.notes) >= mostKeeps {
		if !s.makeRoom(id, request.Trigger, fmt.Sprintf("there are %d keeps", mostKeeps)) {
			return nil, ErrNoRoom
		}
	}
	if err := os.MkdirAll(s.root(), 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(s.folder(id), 0o700); err != nil {
		return nil, err
	}
	note := &Note{
		ID: id, From: request.From.UTC(), To: request.To.UTC(), RequestedAt: now.UTC(), Relative: request.Relative,
		Trigger: request.Trigger, Reason: request.Reason, By: request.By, Files: []File{},
	}
	s.notes = append(s.notes, note)
	return note, nil
}

// Add links a file of the ring, or of another keep, into a keep, if there is room for it or room can be made. The file
// must be closed. It returns false if there is no room, and then counts it as left out.
func (s *Store) Add(note *Note, file Candidate) (bool, error) {
	if note.has(file.Name) {
		return true, nil
	}
	for !s.fits(file) {
		if !s.makeRoom(note.ID, note.Trigger, "a newer keep needs its room") && !s.dropFarther(note, file) {
			note.leftOut(file.Bytes)
			return false, nil
		}
	}
	if err := link(file.Path, s.path(note.ID, file.Name)); err != nil {
		return false, err
	}
	if !s.count(s.path(note.ID, file.Name)) {
		return false, &fs.PathError{Op: "stat", Path: s.path(note.ID, file.Name), Err: fs.ErrNotExist}
	}
	note.Files = append(note.Files, File{Name: file.Name, Bytes: file.Bytes, First: file.First.UTC(), Last: file.Last.UTC()})
	slices.SortFunc(note.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return true, nil
}

// leftOut counts a file for which there was no room.
func (n *Note) leftOut(bytes int64) {
	if n.Truncated == nil {
		n.Truncated = &Amount{}
	}
	n.Truncated.Files++
	n.Truncated.Bytes += bytes
}

// LeaveOut counts files for which there was no room.
func (n *Note) LeaveOut(files []Candidate) {
	for _, file := range files {
		if !n.has(file.Name) {
			n.leftOut(file.Bytes)
		}
	}
}

func (s *Store) fits(file Candidate) bool {
	if _, kept := s.sizes[file.inode]; kept {
		return true
	}
	return s.bytes+file.Bytes <= s.Limit
}

// dropFarther removes the oldest file of a keep, if it is farther from the moment of the request than another one, which
// came after it: what happened around that moment is what somebody wants to see.
func (s *Store) dropFarther(note *Note, than Candidate) bool {
	if len(note.Files) == 0 {
		return false
	}
	oldest := note.Files[0]
	if distance(note, oldest.First, oldest.Last) <= distance(note, than.First, than.Last) {
		return false
	}
	s.forget(s.path(note.ID, oldest.Name))
	note.Files = note.Files[1:]
	note.leftOut(oldest.Bytes)
	return true
}

// distance is the time between the moment of a request and packets between two times.
func distance(note *Note, first, last time.Time) time.Duration {
	return max(0, first.Sub(note.RequestedAt), note.RequestedAt.Sub(last))
}

// makeRoom removes one keep: the oldest of those that were uploaded, or else the oldest of all, if the trigger may
// replace one that was not. A keep whose window lasts stays. It returns false if there is none to remove.
func (s *Store) makeRoom(id string, trigger Trigger, reason string) bool {
	at := slices.IndexFunc(s.notes, func(n *Note) bool { return n.ID != id && !n.Open() && s.Uploaded(n) })
	uploaded := at >= 0
	if !uploaded && trigger.MayReplace() {
		at = slices.IndexFunc(s.notes, func(n *Note) bool { return n.ID != id && !n.Open() })
	}
	if at < 0 {
		return false
	}
	note := s.notes[at]
	s.Remove(note)
	if s.Removed != nil {
		s.Removed(Removed{ID: note.ID, Files: len(note.Files), Bytes: note.Bytes, Uploaded: uploaded, Reason: reason})
	}
	return true
}

// Remove removes a keep.
func (s *Store) Remove(note *Note) {
	for _, file := range note.Files {
		s.forget(s.path(note.ID, file.Name))
	}
	// The upload may be writing its list.
	for range 3 {
		if os.RemoveAll(s.folder(note.ID)) == nil {
			break
		}
	}
	s.notes = slices.DeleteFunc(s.notes, func(n *Note) bool { return n == note })
}

// Write writes the note of a keep.
func (s *Store) Write(note *Note) error {
	note.Sum()
	return note.write(s.folder(note.ID))
}

// Uploaded reports whether the destination has all files of a keep.
func (s *Store) Uploaded(note *Note) bool { return len(Waiting(s.folder(note.ID))) == 0 }

// count counts a link; false if there is no such file.
func (s *Store) count(path string) bool {
	var stat unix.Stat_t
	if unix.Lstat(path, &stat) != nil {
		return false
	}
	if s.counts[stat.Ino]++; s.counts[stat.Ino] == 1 {
		s.sizes[stat.Ino] = stat.Size
		s.bytes += stat.Size
	}
	return true
}

// forget removes a link.
func (s *Store) forget(path string) {
	var stat unix.Stat_t
	known := unix.Lstat(path, &stat) == nil
	if os.Remove(path) != nil || !known {
		return
	}
	if s.counts[stat.Ino]--; s.counts[stat.Ino] <= 0 {
		s.bytes -= s.sizes[stat.Ino]
		delete(s.counts, stat.Ino)
		delete(s.sizes, stat.Ino)
	}
}

func (s *Store) root() string                { return filepath.Join(s.Captures, Folder) }
func (s *Store) folder(id string) string     { return filepath.Join(s.root(), id) }
func (s *Store) path(id, name string) string { return filepath.Join(s.root(), id, name) }

// Path is the path of a kept file.
func (s *Store) Path(note *Note, file File) string { return s.path(note.ID, file.Name) }

// link makes a hard link. A copy instead would take as long as its disk, and room twice; so a file system without hard
// links keeps nothing.
func link(from, to string) error {
	err := os.Link(from, to)
	var failed *os.LinkError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s cannot be linked: %w", filepath.Base(from), failed.Err)
	}
	return err
}

// compareIDs sorts by time, and then by number: …Z-10 is newer than …Z-2.
func compareIDs(a, b string) int {
	timeA, numberA, _ := strings.Cut(a, "-")
	timeB, numberB, _ := strings.Cut(b, "-")
	return cmp.Or(cmp.Compare(timeA, timeB), cmp.Compare(len(numberA), len(numberB)), cmp.Compare(numberA, numberB))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
