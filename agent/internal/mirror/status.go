package mirror

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/settings"
)

// StatusFile is the name of the mirror's status in the agent's folder: one line of JSON. The program that captures, in
// another container, includes it in its own status and metrics. The file is replaced as a whole: at once after an
// event, and at most every two seconds when numbers change.
const StatusFile = "mirror.json"

type status struct {
	dir string
	// facts are the current ones, written those in the file.
	facts, written facts
	// past counts copies of interfaces that were removed; now counts all.
	past, now, writtenCounts counts
	writtenAt                time.Time
	timer                    *loop.Timer
}

// facts are the members of the file that are not numbers.
type facts struct {
	// state is mirroring, idle, waiting, invalid or stopped.
	state, reason, destination, address string
	// interfaces are separated by commas, which names do not contain.
	interfaces string
}

func (s *status) init(agentDir string) {
	s.dir = agentDir
}

// set sets a state in which nothing is copied.
func (s *status) set(state, reason, destination string) {
	s.facts = facts{state: state, reason: reason, destination: destination}
}

// mirroring sets the state mirroring.
func (s *status) mirroring(destination string, address netip.Addr, chosen interfaces) {
	s.facts = facts{
		state: "mirroring", destination: destination, address: address.String(),
		interfaces: strings.Join(namesOf(chosen.mirrored), ","),
	}
}

// addToPast keeps the counts of the mirror's interfaces; it is to be called before they are removed, and their counts
// with them.
func (s *status) addToPast() {
	s.read()
	s.past = s.now
}

// read adds the counts of the mirror's interfaces, if they exist, to those of the past ones.
func (s *status) read() {
	if devices, there := readCounts(); there {
		s.now = s.past.plus(devices)
	}
}

// write replaces the file if it is time to. An error of the volume is ignored.
func (s *status) write(active bool) {
	if active {
		s.read()
	}
	now := time.Now()
	due := s.now != s.writtenCounts && now.Sub(s.writtenAt) >= countEvery-100*time.Millisecond
	if s.facts == s.written && !due {
		return
	}
	s.written, s.writtenCounts, s.writtenAt = s.facts, s.now, now
	_ = replaceFile(s.dir, StatusFile, append(s.json(now), '\n'))
}

func (s *status) json(now time.Time) []byte {
	members := []events.Member{
		{Name: "time", Value: events.Time(now)},
		{Name: "state", Value: s.facts.state},
		{Name: "reason", Value: s.facts.reason},
		{Name: "destination", Value: s.facts.destination},
	}
	if s.facts.address != "" {
		members = append(members, events.Member{Name: "address", Value: s.facts.address})
	}
	interfaces := []string{}
	if s.facts.interfaces != "" {
		interfaces = strings.Split(s.facts.interfaces, ",")
	}
	return events.Object(append(members,
		events.Member{Name: "interfaces", Value: interfaces},
		events.Member{Name: "packets", Value: s.now.packets},
		events.Member{Name: "bytes", Value: s.now.bytes},
		events.Member{Name: "dropped", Value: s.now.dropped})...)
}

// replaceFile replaces a file as a whole: a reader never sees a part of it.
func replaceFile(dir, name string, content []byte) error {
	fresh := filepath.Join(dir, "new")
	if err := os.MkdirAll(fresh, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(fresh, name), content, 0o600); err != nil {
		return err
	}
	return os.Rename(filepath.Join(fresh, name), filepath.Join(dir, name))
}

// change is the change of one setting, as in the event.
type change struct {
	Setting string `json:"setting"`
	Old     string `json:"old"`
	New     string `json:"new"`
}

func changesOf(before, after settings.Values) []change {
	var changes []change
	for _, row := range settings.Table {
		if before[row.Name] != after[row.Name] {
			changes = append(changes, change{row.Name, before[row.Name], after[row.Name]})
		}
	}
	return changes
}

// words is an error in one line, with the words of strerror(3) for the kernel's errors.
func words(err error) string {
	text := err.Error()
	var number syscall.Errno
	if errors.As(err, &number) {
		kernel := number.Error()
		text = strings.ReplaceAll(text, kernel, strings.ToUpper(kernel[:1])+kernel[1:])
	}
	lines := strings.Split(text, "\n")
	return strings.Join(slices.Compact(lines), "; ")
}
