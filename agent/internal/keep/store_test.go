package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/pcapng"
)

// zero is second 0 of the tests.
var zero = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return zero.Add(time.Duration(seconds) * time.Second) }

// fixture is a ring, and the store next to it.
type fixture struct {
	Store
	t       *testing.T
	removed []Removed
}

func newFixture(t *testing.T, limit int64) *fixture {
	f := &fixture{t: t}
	f.Store = Store{Captures: t.TempDir(), Limit: limit, Removed: func(r Removed) { f.removed = append(f.removed, r) }}
	if err := f.Load(); err != nil {
		t.Fatal(err)
	}
	return f
}

// file makes a file of the ring with packets at two times, of about that many kilobytes, and gives its path.
func (f *fixture) file(number, first, last, kilobytes int) string {
	f.t.Helper()
	text := pcapng.AppendSection(nil, pcapng.Section{Comment: strings.Repeat("x", 1000*kilobytes)})
	text = pcapng.AppendInterface(text, pcapng.Interface{Name: "eth0"})
	for _, seconds := range []int{first, last} {
		n := uint64(at(seconds).UnixNano())
		for _, word := range []uint32{6, pcapng.PacketOverhead, 0, uint32(n >> 32), uint32(n), 0, 0, pcapng.PacketOverhead} {
			text = binary.NativeEndian.AppendUint32(text, word)
		}
	}
	path := filepath.Join(f.Captures, fmt.Sprintf("web-1_%s_%05d.pcapng", at(first).Format(timeLayout), number))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// keep keeps the files of a window.
func (f *fixture) keep(id string, from, to int, trigger Trigger, ring ...string) *Note {
	f.t.Helper()
	note, err := f.Create(id, at(to), Request{From: at(from), To: at(to), Trigger: trigger})
	if err != nil {
		f.t.Fatal(err)
	}
	candidates := f.Candidates(note, ring)
	for i, candidate := range candidates {
		ok, err := f.Add(note, candidate)
		if err != nil {
			f.t.Fatal(err)
		}
		if !ok {
			note.LeaveOut(candidates[i+1:])
			break
		}
	}
	ended := at(to)
	note.Ended = &ended
	if err := f.Write(note); err != nil {
		f.t.Fatal(err)
	}
	return note
}

func numbersOf(note *Note) string {
	var numbers []string
	for _, file := range note.Files {
		numbers = append(numbers, file.Name[len("web-1_20261122180000_0000"):][:1])
	}
	return strings.Join(numbers, " ")
}

func TestTheFilesOfAWindow(t *testing.T) {
	f := newFixture(t, 1<<20)
	ring := []string{f.file(1, 0, 10, 1), f.file(2, 10, 20, 1), f.file(3, 20, 30, 1), f.file(4, 31, 40, 1)}
	for i, c := range []struct {
		from, to int
		want     string
	}{{15, 25, "2 3"}, {20, 20, "2 3"}, {0, 40, "1 2 3 4"}, {41, 50, ""}, {-5, -1, ""}, {30, 30, "3"}} {
		note := f.keep(fmt.Sprintf("20261122T18000%dZ", i), c.from, c.to, Annotation, ring...)
		if got := numbersOf(note); got != c.want {
			t.Errorf("%d to %d: %s", c.from, c.to, got)
		}
		f.Remove(note)
	}
}

func TestKeptFilesAreHardLinksAndTakeRoomOnce(t *testing.T) {
	f := newFixture(t, 1<<20)
	path := f.file(1, 0, 10, 50)
	one, other := f.keep("20261122T180000Z", 0, 10, Annotation, path), f.keep("20261122T180000Z-2", 0, 10, Annotation, path)
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil || stat.Nlink != 3 || f.Bytes() != stat.Size || f.Files() != 1 {
		t.Errorf("%d links, %d bytes, %v", stat.Nlink, f.Bytes(), err)
	}
	// The ring has lost it: another keep still finds it in the first one.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	third := f.keep("20261122T180000Z-3", 0, 10, Annotation)
	if len(third.Files) != 1 || f.Bytes() != stat.Size {
		t.Errorf("%+v, %d bytes", third.Files, f.Bytes())
	}
	f.Remove(one)
	f.Remove(other)
	if f.Bytes() != stat.Size {
		t.Errorf("%d bytes", f.Bytes())
	}
	f.Remove(third)
	if f.Bytes() != 0 || f.Files() != 0 {
		t.Errorf("%d bytes", f.Bytes())
	}
}

func TestTheNewestFilesFirst(t *testing.T) {
	f := newFixture(t, 100_000)
	ring := []string{f.file(1, 0, 10, 40), f.file(2, 10, 20, 40), f.file(3, 20, 30, 40), f.file(4, 30, 40, 40)}
	note := f.keep("20261122T180000Z", 0, 40, Annotation, ring...)
	if got := numbersOf(note); got != "3 4" || note.Truncated == nil || note.Truncated.Files != 2 || f.Bytes() > f.Limit {
		t.Errorf("%s, %+v, %d bytes", got, note.Truncated, f.Bytes())
	}
}

// What comes after the request pushes out what is farther away, and not what is closer.
func TestFilesAroundTheRequestStay(t *testing.T) {
	f := newFixture(t, 100_000)
	note, err := f.Create("20261122T180000Z", at(40), Request{From: at(0), To: at(400), Trigger: HTTP})
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range f.Candidates(note, []string{f.file(1, 0, 10, 40), f.file(2, 30, 40, 40)}) {
		if ok, err := f.Add(note, candidate); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	for _, c := range []struct{ number, first, last int }{{3, 41, 50}, {4, 300, 310}} {
		candidate, _ := Examine(f.file(c.number, c.first, c.last, 40))
		if _, err := f.Add(note, candidate); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbersOf(note); got != "2 3" || note.Truncated == nil || note.Truncated.Files != 2 {
		t.Errorf("%s, %+v", got, note.Truncated)
	}
}

// upload says that the destination has all of a keep.
func (f *fixture) upload(note *Note) {
	f.t.Helper()
	folder := f.folder(note.ID)
	for _, name := range Waiting(folder) {
		if err := SetUploaded(folder, name, strings.TrimPrefix(noteMark(folder), noteName+" ")); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestWhatGivesWay(t *testing.T) {
	for _, c := range []struct {
		name    string
		trigger Trigger
		// uploaded are the numbers of the keeps that were uploaded; removed is the one that gives way.
		uploaded []int
		removed  string
	}{
		{"an uploaded one, though it is not the oldest", Annotation, []int{1}, "20261122T180100Z"},
		{"the oldest of all for an annotation", Annotation, nil, "20261122T180000Z"},
		{"the oldest of all for a command", Command, nil, "20261122T180000Z"},
		{"an uploaded one for an app", HTTP, []int{0, 1}, "20261122T180000Z"},
		{"none for an app, if it was not uploaded", HTTP, nil, ""},
		{"none for the end of the pod, if it was not uploaded", Exit, nil, ""},
	} {
		f := newFixture(t, 100_000)
		before := []*Note{
			f.keep("20261122T180000Z", 0, 10, Annotation, f.file(1, 0, 10, 40)),
			f.keep("20261122T180100Z", 20, 30, Annotation, f.file(2, 20, 30, 40)),
		}
		for _, number := range c.uploaded {
			f.upload(before[number])
		}
		note := f.keep("20261122T180200Z", 40, 50, c.trigger, f.file(3, 40, 50, 40))
		removed := ""
		for _, r := range f.removed {
			removed += r.ID
			if _, err := os.Stat(f.folder(r.ID)); !os.IsNotExist(err) || r.Uploaded != (c.uploaded != nil) || r.Files != 1 {
				t.Errorf("%s: %+v, %v", c.name, r, err)
			}
		}
		if kept := len(note.Files) == 1; removed != c.removed || kept != (c.removed != "") || kept == (note.Truncated != nil) || f.Bytes() > f.Limit {
			t.Errorf("%s: %q gave way, kept %v", c.name, removed, kept)
		}
	}
}

// A keep whose window lasts gives way to nobody.
func TestAWindowThatLastsStays(t *testing.T) {
	f := newFixture(t, 100_000)
	lasting, err := f.Create("20261122T180000Z", at(0), Request{From: at(0), To: at(1000), Trigger: HTTP})
	if err != nil {
		t.Fatal(err)
	}
	candidate, _ := Examine(f.file(1, 0, 10, 90))
	if ok, err := f.Add(lasting, candidate); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if note := f.keep("20261122T180200Z", 40, 50, Annotation, f.file(3, 40, 50, 40)); note.Truncated == nil || len(f.removed) > 0 {
		t.Errorf("%+v, %+v", note, f.removed)
	}
}

func TestThereAreNotTooManyKeeps(t *testing.T) {
	f := newFixture(t, 1<<20)
	for i := range mostKeeps {
		f.keep(fmt.Sprintf("20261122T180000Z-%d", i+2), 0, 1, HTTP)
	}
	if _, err := f.Create("20261123T000000Z", at(0), Request{Trigger: HTTP}); !errors.Is(err, ErrNoRoom) {
		t.Error(err)
	}
	f.keep("20261123T000000Z", 0, 1, Command)
	if len(f.All()) != mostKeeps || len(f.removed) != 1 || f.removed[0].ID != "20261122T180000Z-2" {
		t.Errorf("%d keeps, %+v", len(f.All()), f.removed)
	}
}

func TestLoadTakesUpWhatIsThere(t *testing.T) {
	f := newFixture(t, 1<<20)
	path := f.file(1, 0, 10, 40)
	f.keep("20261122T180000Z", 0, 10, HTTP, path)
	f.keep("20261122T180000Z-10", 0, 10, HTTP, path)
	f.keep("20261122T180000Z-2", 0, 10, HTTP, path)
	bytes := f.Bytes()
	damaged := f.folder("20261122T180000Z-2")
	if err := os.WriteFile(filepath.Join(damaged, noteName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.folder("20261122T180000Z-10"), noteName)); err != nil {
		t.Fatal(err)
	}
	for _, odd := range []string{"lost+found", "20261122T180000Z-x", "20261122T180000Z.new"} {
		if err := os.Mkdir(filepath.Join(f.root(), odd), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Load(); err == nil {
		t.Error("a damaged note is not reported")
	}
	var ids []string
	for _, note := range f.All() {
		ids = append(ids, note.ID)
		if len(note.Files) != 1 || note.Open() != (note.ID != "20261122T180000Z") {
			t.Errorf("%+v", note)
		}
	}
	if !slices.Equal(ids, []string{"20261122T180000Z", "20261122T180000Z-2", "20261122T180000Z-10"}) || f.Bytes() != bytes {
		t.Errorf("%v, %d bytes of %d", ids, f.Bytes(), bytes)
	}
	names := Names(f.Captures)
	if len(names) != 5 || names[0] != "kept/20261122T180000Z/"+filepath.Base(path) || names[1] != "kept/20261122T180000Z/keep.json" {
		t.Errorf("%q", names)
	}
	for _, name := range names {
		if !IsName(name) {
			t.Error(name)
		}
	}
}

func TestNamesOfOtherFiles(t *testing.T) {
	for _, name := range []string{
		"kept", "kept/..", "kept/../x.pcapng", "kept/a/../x.pcapng", "kept//x.pcapng", "kept/a/.uploaded", "other/a/x.pcapng",
		"kept/a/b/x.pcapng", "/kept/a/x.pcapng", "kept/a/.x.pcapng", "kept/.a/x.pcapng", ".agent/upload/x.pcapng",
	} {
		if IsName(name) {
			t.Error(name)
		}
	}
}
