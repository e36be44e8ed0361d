package capture

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/pcapng"
)

// packetCount is how many packets the agent and tcpdump are compared by, of each kind.
var packetCount = flag.Int("packets", 2000, "packets of each kind for the comparison with tcpdump")

// captured is a packet as a capture has it.
type captured struct {
	time     int64
	original int
	data     []byte
}

// collector is a sink that keeps all packets.
type collector struct {
	packets []captured
	numbers []uint32
	order   []string
}

func (c *collector) Packets(from *Source, packets pcapng.Packets, count int) {
	for at := 0; at < len(packets); at += packets[at:].Size() {
		p := packets[at:]
		length := binary.NativeEndian.Uint32(p[20:])
		c.packets = append(c.packets, captured{p.Time(), int(binary.NativeEndian.Uint32(p[24:])), bytes.Clone(p[28 : 28+length])})
		c.numbers = append(c.numbers, binary.NativeEndian.Uint32(p[8:]))
		c.order = append(c.order, from.Name)
		if tail := binary.NativeEndian.Uint32(p[p.Size()-4:]); int(tail) != p.Size() {
			panic("the two lengths of a block differ")
		}
		count--
	}
	if count != 0 {
		panic("the count is not that of the packets")
	}
}

func (c *collector) Flush() {}

// open gives a source on an interface of the test's namespace.
func open(t *testing.T, name string, o Options) *Source {
	t.Helper()
	all, err := links.List()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
	if at < 0 {
		t.Fatalf("there is no %s", name)
	}
	if o.Buffer == 0 {
		o.Buffer = 4 << 20
	}
	s, err := Open(NewInterface(name, all[at].Index, all[at].Hardware), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &Source{Socket: s}
}

// drain takes all that the kernel has, and what it hands over within a moment.
func drain(sources []*Source, sink Sink) {
	m := Merger{Sources: sources, Sink: sink}
	for end := time.Now().Add(4 * Retire); time.Now().Before(end); time.Sleep(Retire / 5) {
		m.Advance(time.Now().UnixNano())
	}
}

// collect takes what comes, all the time, until the function that it returns is called, which gives it.
func collect(sources []*Source) func() *collector {
	var got collector
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		m := Merger{Sources: sources, Sink: &got}
		for {
			select {
			case <-over:
				drain(sources, &got)
				return
			case <-time.After(Retire / 10):
				m.Advance(time.Now().UnixNano())
			}
		}
	}()
	return func() *collector {
		close(over)
		<-done
		return &got
	}
}

// judge is a tcpdump that captures at the same time.
type judge struct {
	t       *testing.T
	command *exec.Cmd
	path    string
	said    *safeText
	ended   chan error
}

// safeText is what a program says, for who reads while it is still speaking.
type safeText struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (s *safeText) Write(text []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(text)
}

func (s *safeText) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// tcpdump begins to capture on an interface; what comes from then on is in its file.
func tcpdump(t *testing.T, name string, args ...string) *judge {
	t.Helper()
	j, err := startTcpdump(t, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// startTcpdump does the same, and gives what tcpdump says when it cannot.
func startTcpdump(t *testing.T, name string, args ...string) (*judge, error) {
	t.Helper()
	j := &judge{t: t, path: filepath.Join(t.TempDir(), "tcpdump.pcap"), said: &safeText{}, ended: make(chan error, 1)}
	args = append([]string{"-i", name, "-w", j.path, "--time-stamp-precision=nano", "-Z", "root"}, args...)
	j.command = exec.Command("tcpdump", args...)
	j.command.Stderr = j.said
	if err := j.command.Start(); err != nil {
		t.Skipf("needs tcpdump: %v", err)
	}
	go func() { j.ended <- j.command.Wait() }()
	for !strings.Contains(j.said.String(), "listening on") {
		select {
		case <-j.ended:
			return nil, fmt.Errorf("tcpdump: %s", j.said)
		case <-time.After(time.Millisecond):
		}
	}
	t.Cleanup(func() { _ = j.command.Process.Kill() })
	return j, nil
}

// has says whether the text is in what was written of late.
func (j *judge) has(text []byte) bool {
	file, err := os.Open(j.path)
	if err != nil {
		j.t.Fatal(err)
	}
	defer file.Close()
	if size, err := file.Seek(0, io.SeekEnd); err == nil && size > 4<<20 {
		_, _ = file.Seek(size-4<<20, io.SeekStart)
	} else {
		_, _ = file.Seek(0, io.SeekStart)
	}
	tail, err := io.ReadAll(file)
	if err != nil {
		j.t.Fatal(err)
	}
	return bytes.Contains(tail, text)
}

var droppedByKernel = regexp.MustCompile(`(\d+) packets? dropped by kernel`)

// stop ends it and gives its packets and link type. It must not have lost any.
func (j *judge) stop() ([]captured, filter.LinkType) {
	j.t.Helper()
	_ = j.command.Process.Signal(syscall.SIGINT)
	<-j.ended
	if dropped := droppedByKernel.FindStringSubmatch(j.said.String()); dropped == nil || dropped[1] != "0" {
		j.t.Fatalf("tcpdump: %s", j.said)
	}
	return readPcap(j.t, j.path)
}

// readPcap reads a file with times in nanoseconds.
func readPcap(t *testing.T, path string) ([]captured, filter.LinkType) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packets []captured
	for rest := file[24:]; len(rest) >= 16; {
		word := func(i int) int { return int(binary.LittleEndian.Uint32(rest[4*i:])) }
		length := word(2)
		packets = append(packets, captured{int64(word(0))*1e9 + int64(word(1)), word(3), rest[16 : 16+length]})
		rest = rest[16+length:]
	}
	return packets, filter.LinkType(binary.LittleEndian.Uint32(file[20:]))
}

// between gives the packets after one that holds the first text and before one that holds the other: at the edges each
// of two captures has what the other one has not.
func between(t *testing.T, packets []captured, first, last []byte) []captured {
	t.Helper()
	holds := func(text []byte) int {
		return slices.IndexFunc(packets, func(p captured) bool { return bytes.Contains(p.data, text) })
	}
	from, to := holds(first), holds(last)
	if from < 0 || to < from {
		t.Fatalf("among %d packets the first is number %d, and the last is number %d", len(packets), from, to)
	}
	return packets[from+1 : to]
}

// mostApart is how far the two may be apart in their times.
const mostApart = time.Millisecond

// compare wants the same packets in the same order.
func compare(t *testing.T, got, want []captured) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d packets, not %d", len(got), len(want))
	}
	var furthest time.Duration
	late := 0
	for i := range want {
		if !bytes.Equal(got[i].data, want[i].data) || got[i].original != want[i].original {
			t.Fatalf("packet %d:\n%d of %d: %x\nnot\n%d of %d: %x", i, len(got[i].data), got[i].original, got[i].data, len(want[i].data), want[i].original, want[i].data)
		}
		apart := time.Duration(got[i].time - want[i].time).Abs()
		if furthest = max(furthest, apart); apart > mostApart {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d of %d times are more than %v apart, one of them %v", late, len(want), mostApart, furthest)
	}
}

// inOrderOf gives packets in the order in which others have them: of several processors each may be the first at a
// socket.
func inOrderOf(t *testing.T, got, want []captured) []captured {
	t.Helper()
	places := map[string][]int{}
	for i, p := range want {
		places[string(p.data)] = append(places[string(p.data)], i)
	}
	if len(got) != len(want) {
		t.Fatalf("%d packets, not %d", len(got), len(want))
	}
	ordered := make([]captured, len(got))
	for i, p := range got {
		free := places[string(p.data)]
		if len(free) == 0 {
			t.Fatalf("tcpdump has no packet like number %d: %d of %d: %x", i, len(p.data), p.original, p.data)
		}
		ordered[free[0]], places[string(p.data)] = p, free[1:]
	}
	return ordered
}
