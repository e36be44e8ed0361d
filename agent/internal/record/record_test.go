package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/ring"
)

// listener keeps what it observes.
type listener struct {
	opened []string
	closed []Closed
}

func (l *listener) FileOpened(path string)   { l.opened = append(l.opened, path) }
func (l *listener) FileClosed(closed Closed) { l.closed = append(l.closed, closed) }

type fixture struct {
	*Recorder
	observer *listener
	folder   string
}

func newFixture(t *testing.T, folder string) fixture {
	observer := &listener{}
	r := &Recorder{Ring: &ring.Ring{Folder: folder, Pod: "web-1"}, Observer: observer, Now: time.Now}
	r.SetPacketsLeft(0)
	t.Cleanup(func() { _ = r.Close() })
	return fixture{r, observer, folder}
}

// source opens an interface of the test's namespace.
func source(t *testing.T, name string) *capture.Source {
	t.Helper()
	all, err := links.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.Name == name {
			socket, err := capture.Open(capture.NewInterface(name, l.Index, l.Hardware), capture.Options{Buffer: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = socket.Close() })
			return &capture.Source{Socket: socket}
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// packets makes blocks as package capture does, each with a payload of that size.
func packets(number uint32, count, size int) pcapng.Packets {
	var all pcapng.Packets
	for i := range count {
		padded := (size + 3) &^ 3
		for _, word := range []uint32{6, uint32(padded + pcapng.PacketOverhead), number, 0, uint32(i), uint32(size), uint32(size)} {
			all = binary.NativeEndian.AppendUint32(all, word)
		}
		all = append(all, make([]byte, padded)...)
		all = binary.NativeEndian.AppendUint32(all, uint32(padded+pcapng.PacketOverhead))
	}
	return all
}

// packetsIn counts those of a file, and fails unless all of it is whole.
func packetsIn(t *testing.T, path string) int64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count, whole, err := pcapng.Count(bytes.NewReader(text))
	if err != nil || whole != int64(len(text)) {
		t.Errorf("%s: %d of %d bytes are whole, %v", path, whole, len(text), err)
	}
	return count
}

var limits = Limits{FileSize: 1 << 20, FileCount: 100}

func TestFilesNeverExceedTheirSize(t *testing.T) {
	nettest.Enter(t)
	for _, note := range []int64{0, 100_000} {
		f := newFixture(t, t.TempDir())
		lo := source(t, "lo")
		limits := limits
		limits.Note = note
		if err := f.Open([]*capture.Source{lo}, Head{Filter: "udp", Comment: "{}"}, limits); err != nil {
			t.Fatal(err)
		}
		sent := 0
		for i := range 400 {
			count, size := 1+i%50, 1+i*7%1500
			f.Packets(lo, packets(lo.Number, count, size), count)
			sent += count
			if i%3 == 0 {
				f.Flush()
			}
		}
		if err := f.Close(); err != nil || f.Err() != nil {
			t.Error(err, f.Err())
		}
		var inFiles int64
		for i, closed := range f.observer.closed {
			info, err := os.Stat(closed.Path)
			if err != nil || info.Size() != closed.Bytes || closed.Bytes > 1<<20-note || !closed.Kept {
				t.Errorf("%+v is of %d bytes, %v", closed, info.Size(), err)
			}
			// A packet more would not have fit.
			if last := i == len(f.observer.closed)-1; !last && closed.Bytes < 1<<20-note-1600 {
				t.Errorf("%+v is small", closed)
			}
			if got := packetsIn(t, closed.Path); got != closed.Packets {
				t.Errorf("%+v has %d packets", closed, got)
			}
			inFiles += closed.Packets
		}
		if totals := f.Totals(); inFiles != int64(sent) || totals.Packets != int64(sent) || len(f.observer.closed) < 5 || totals.Files != int64(len(f.observer.closed)) {
			t.Errorf("%d packets of %d in %d files, %+v", inFiles, sent, len(f.observer.closed), totals)
		}
	}
}

func TestTheRingKeepsItsCount(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, t.TempDir())
	lo := source(t, "lo")
	limits := Limits{FileSize: 1 << 20, FileCount: 3}
	if err := f.Open([]*capture.Source{lo}, Head{}, limits); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		f.Packets(lo, packets(0, 1000, 500), 1000)
		f.Flush()
		if entries, err := f.Ring.List(); err != nil || len(entries) > 4 {
			t.Errorf("%v, %v", entries, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	entries, err := f.Ring.List()
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestEmptyFilesGo(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, t.TempDir())
	lo := source(t, "lo")
	if err := f.Open([]*capture.Source{lo}, Head{}, limits); err != nil {
		t.Fatal(err)
	}
	f.Packets(lo, packets(0, 5, 10), 5)
	for range 3 {
		if err := f.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	var kept []bool
	for _, closed := range f.observer.closed {
		kept = append(kept, closed.Kept)
	}
	if !slices.Equal(kept, []bool{true, false, false, false}) || f.Totals().Files != 1 {
		t.Errorf("%+v", f.observer.closed)
	}
	if entries, err := f.Ring.List(); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPacketLimit(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, t.TempDir())
	lo := source(t, "lo")
	f.SetPacketsLeft(25)
	if err := f.Open([]*capture.Source{lo}, Head{}, limits); err != nil {
		t.Fatal(err)
	}
	for _, count := range []int{10, 10, 10, 10} {
		f.Packets(lo, packets(0, count, 10), count)
		f.Flush()
	}
	if left, full := f.PacketsLeft(); left != 0 || !full {
		t.Errorf("%d are left, full %v", left, full)
	}
	if err := f.Close(); err != nil || f.observer.closed[0].Packets != 25 || packetsIn(t, f.observer.closed[0].Path) != 25 {
		t.Errorf("%+v, %v", f.observer.closed, err)
	}
}

// An interface that comes is described in the open file; the numbers of those in the next file are others.
func TestInterfacesComeAndGo(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	f := newFixture(t, t.TempDir())
	lo, eth0 := source(t, "lo"), source(t, "eth0")
	if err := f.Open([]*capture.Source{lo}, Head{Description: "shop/web-1 node=node0"}, limits); err != nil {
		t.Fatal(err)
	}
	f.Packets(lo, packets(lo.Number, 3, 60), 3)
	if err := f.Join(eth0); err != nil || eth0.Number != 1 {
		t.Errorf("number %d, %v", eth0.Number, err)
	}
	f.Packets(eth0, packets(eth0.Number, 4, 60), 4)
	if err := f.Leave(lo); err != nil {
		t.Error(err)
	}
	f.Packets(eth0, packets(eth0.Number, 5, 60), 5)
	// In the middle of a block of packets the file ends.
	fits := int(f.room()) / (60_000 + pcapng.PacketOverhead)
	f.Packets(eth0, packets(eth0.Number, fits+2, 60_000), fits+2)
	if eth0.Number != 0 {
		t.Errorf("number %d in the second file", eth0.Number)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := interfacesOf(t, f.observer.closed[0].Path); got != "lo lo lo"+strings.Repeat(" eth0", 9+fits) {
		t.Errorf("the first file has packets of %q", got)
	}
	if got := interfacesOf(t, f.observer.closed[1].Path); got != "eth0 eth0" {
		t.Errorf("the second file has packets of %q", got)
	}
}

// interfacesOf are the names of the interfaces of a file's packets.
func interfacesOf(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.interface_name").Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs tshark")
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// What the kernel drops is counted with the file that is closed next, once.
func TestDrops(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	f := newFixture(t, t.TempDir())
	eth0 := source(t, "eth0")
	if err := f.Open([]*capture.Source{eth0}, Head{}, limits); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", "10.0.0.9:9999")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 20_000 {
		_, _ = conn.Write([]byte("x"))
	}
	stats, err := eth0.Stats()
	if err != nil || stats.Dropped == 0 {
		t.Fatalf("%+v, %v", stats, err)
	}
	_ = errors.Join(f.Rotate(), f.Close())
	var dropped []int64
	for _, closed := range f.observer.closed {
		dropped = append(dropped, closed.Dropped)
	}
	if !slices.Equal(dropped, []int64{int64(stats.Dropped), 0}) || f.Totals().Kernel != int64(stats.Dropped) {
		t.Errorf("%v dropped, %+v", dropped, f.Totals())
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, filepath.Join(t.TempDir(), "gone"))
	if err := f.Open(nil, Head{}, limits); err == nil || f.Err() == nil {
		t.Error("no error")
	}
	lo := source(t, "lo")
	f.Packets(lo, packets(0, 7, 10), 7)
	f.Flush()
	if f.Totals().Queue != 7 || len(f.observer.opened)+len(f.observer.closed) > 0 {
		t.Errorf("%+v, %+v", f.Totals(), f.observer)
	}
}

// What fits into no file is counted, and the capture goes on.
func TestATooLargeHead(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, t.TempDir())
	lo := source(t, "lo")
	limits := Limits{FileSize: 40_000, FileCount: 10}
	if err := f.Open([]*capture.Source{lo}, Head{Comment: strings.Repeat("x", 39_500)}, limits); err != nil {
		t.Fatal(err)
	}
	f.Packets(lo, packets(0, 3, 1000), 3)
	f.Flush()
	if f.Totals().Queue != 3 || f.Err() != nil {
		t.Errorf("%+v, %v", f.Totals(), f.Err())
	}
}

func TestNothingIsAllocatedForPackets(t *testing.T) {
	nettest.Enter(t)
	f := newFixture(t, t.TempDir())
	lo := source(t, "lo")
	if err := f.Open([]*capture.Source{lo}, Head{}, Limits{FileSize: 1 << 40, FileCount: 1}); err != nil {
		t.Fatal(err)
	}
	some := packets(0, 100, 100)
	f.Packets(lo, some, 100)
	if allocations := testing.AllocsPerRun(100, func() {
		f.Packets(lo, some, 100)
		f.Flush()
	}); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
