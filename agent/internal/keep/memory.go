package keep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostHandled is how many values are remembered.
const mostHandled = 1024

// Memory is the part that outlives the container: the values of the setting `keep` that were done, and the last id.
type Memory struct {
	// Path is the file that it is in.
	Path  string
	state memoryState
}

type memoryState struct {
	// Handled are sums of values, the newest last.
	Handled []string `json:"handled"`
	// Last is the time of the last id, Number its number.
	Last   string `json:"last"`
	Number int    `json:"number"`
}

// Load reads the file. One that cannot be read counts as empty.
func (m *Memory) Load() {
	text, err := os.ReadFile(m.Path)
	if err != nil || json.Unmarshal(text, &m.state) != nil {
		m.state = memoryState{}
	}
}

// Handle returns true for a value that was not handled yet, and remembers it.
func (m *Memory) Handle(value string) bool {
	sum := sha256.Sum256([]byte(value))
	mark := hex.EncodeToString(sum[:8])
	if slices.Contains(m.state.Handled, mark) {
		return false
	}
	m.state.Handled = append(m.state.Handled, mark)
	if extra := len(m.state.Handled) - mostHandled; extra > 0 {
		m.state.Handled = slices.Delete(m.state.Handled, 0, extra)
	}
	m.save()
	return true
}

// idLayout is the time in an id.
const idLayout = "20060102T150405Z"

// isID reports whether a name has the form of those of NextID.
func isID(name string) bool {
	stamp, number, numbered := strings.Cut(name, "-")
	_, err := time.Parse(idLayout, stamp)
	_, numberErr := strconv.ParseUint(number, 10, 32)
	return err == nil && numbered == (numberErr == nil)
}

// NextID is the id of a keep that begins now: a time in UTC, and a number unless it is the first one of that second. No
// id is given twice, also after the clock was set back: the destination may still have the files of the first.
func (m *Memory) NextID(now time.Time) string {
	stamp := max(m.state.Last, now.UTC().Format(idLayout))
	if stamp == m.state.Last {
		m.state.Number++
	} else {
		m.state.Last, m.state.Number = stamp, 1
	}
	m.save()
	if m.state.Number == 1 {
		return stamp
	}
	return fmt.Sprintf("%s-%d", stamp, m.state.Number)
}

// save writes the file. If the volume is full, the next container may do a keep again.
func (m *Memory) save() {
	text, err := json.Marshal(m.state)
	if err != nil {
		return
	}
	_ = os.MkdirAll(filepath.Dir(m.Path), 0o700)
	fresh := m.Path + ".new"
	if os.WriteFile(fresh, text, 0o600) != nil || os.Rename(fresh, m.Path) != nil {
		_ = os.Remove(fresh)
	}
}
