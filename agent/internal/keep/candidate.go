package keep

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/pcapng"
)

// Candidate is a closed capture file that may be kept.
type Candidate struct {
	// Path is where it is: in the ring, or in a keep.
	Path string
	Name string
	// Bytes is its size.
	Bytes int64
	// First and Last are the times of its packets, or when it was made and written last, if it has none.
	First, Last time.Time
	inode       uint64
}

// timeLayout is the time in the name of a file of the ring.
const timeLayout = "20060102150405"

// Examine reads the times of a file of the ring; false if it does not exist.
func Examine(path string) (Candidate, bool) {
	file, err := os.Open(path)
	if err != nil {
		return Candidate{}, false
	}
	defer file.Close()
	var stat unix.Stat_t
	if unix.Fstat(int(file.Fd()), &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return Candidate{}, false
	}
	c := Candidate{Path: path, Name: filepath.Base(path), Bytes: stat.Size, inode: stat.Ino}
	if first, last, ok := pcapng.Span(file, stat.Size); ok {
		// A clock that was set back in between leaves the last packet before the first one.
		c.First, c.Last = time.Unix(0, min(first, last)), time.Unix(0, max(first, last))
		return c, true
	}
	c.Last = time.Unix(stat.Mtim.Unix())
	if c.First, err = time.Parse(timeLayout, timeOf(c.Name)); err != nil || c.First.After(c.Last) {
		c.First = c.Last
	}
	return c, true
}

// timeOf is the time in a file's name POD_TIME_NUMBER.pcapng; empty if it has another form.
func timeOf(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, suffix), "_")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}

// In reports whether the file overlaps a window.
func (c Candidate) In(note *Note) bool {
	return !c.Last.Before(note.From) && (!c.First.After(note.To) || note.Relative && c.First.After(note.RequestedAt))
}

// Candidates are the files of a window among closed files of the ring, given by path, and among the files of other
// keeps. Those that are closest to the moment of the request come first.
func (s *Store) Candidates(note *Note, ring []string) []Candidate {
	seen := map[string]bool{}
	var found []Candidate
	take := func(path string) {
		name := filepath.Base(path)
		if seen[name] {
			return
		}
		seen[name] = true
		if c, ok := Examine(path); ok && c.In(note) && !note.has(name) {
			found = append(found, c)
		}
	}
	for _, path := range ring {
		take(path)
	}
	for _, other := range s.notes {
		for _, file := range other.Files {
			take(s.path(other.ID, file.Name))
		}
	}
	// Names sort by age, also when the clock was set back.
	slices.SortFunc(found, func(a, b Candidate) int { return -cmp.Compare(a.Name, b.Name) })
	return found
}
