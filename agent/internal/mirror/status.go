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

// StatusFile is the name, in the agent's folder, of what the mirror says of itself: one line of JSON. The program that
// captures, in another container, makes it a part of its own status and metrics. It is replaced whole: at once after an
// event, and at most every two seconds when numbers change.
const StatusFile = "mirror.json"

type status struct {
	dir string
	// facts are those of now, told those that the file has.
	facts, told facts
	// past counts copies by devices that are gone; now are all.
	past, now, toldCounts counts
	toldAt                time.Time
	timer                 *loop.Timer
}

// facts are what the file says besides numbers.
type facts struct {
	// state is mirroring, idle, waiting, invalid or stopped.
	state, reason, destination, address string
	// interfaces, comma separated: names have none in them.
	interfaces string
}

func (s *status) init(agentDir string) {
	s.dir = agentDir
}

func (s *status) set(state, reason, destination string) {
	s.facts = facts{state: state, reason: reason, destination: destination}
}

func (s *status) mirroring(destination string, address netip.Addr, chosen interfaces) {
	s.facts = facts{
		state: "mirroring", destination: destination, address: address.String(),
		interfaces: strings.Join(namesOf(chosen.mirrored), ","),
	}
}

// keep is to be called before the devices go.
func (s *status) keep() {
	s.read()
	s.past = s.now
}

func (s *status) read() {
	if devices, there := readCounts(); there {
		s.now = s.past.plus(devices)
	}
}

// write replaces the file when it is time to. It never fails, whatever the volume is like.
func (s *status) write(active bool) {
	if active {
		s.read()
	}
	now := time.Now()
	due := s.now != s.toldCounts && now.Sub(s.toldAt) >= countEvery-100*time.Millisecond
	if s.facts == s.told && !due {
		return
	}
	s.told, s.toldCounts, s.toldAt = s.facts, s.now, now
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

// replaceFile: a reader never sees half of it.
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

// change is of one setting, as the event has it.
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

// words are an error's, in one line, the kernel's as strerror(3) has them.
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
