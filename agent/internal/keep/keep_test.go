package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhatWaitsForTheUpload(t *testing.T) {
	f := newFixture(t, 1<<20)
	note := f.keep("20261122T180000Z", 0, 20, HTTP, f.file(1, 0, 10, 1), f.file(2, 10, 20, 1))
	folder := f.folder(note.ID)
	waiting := Waiting(folder)
	if len(waiting) != 3 || waiting[0] != note.Files[0].Name || waiting[2] != noteName {
		t.Errorf("%q", waiting)
	}
	for _, name := range []string{waiting[0], noteName} {
		if err := SetUploaded(folder, name, strings.TrimPrefix(noteMark(folder), noteName+" ")); err != nil {
			t.Fatal(err)
		}
	}
	if left := Waiting(folder); len(left) != 1 || left[0] != waiting[1] || f.Uploaded(note) {
		t.Errorf("%q", left)
	}
	// The note says something else now.
	note.Reason = "more is known"
	if err := f.Write(note); err != nil {
		t.Fatal(err)
	}
	if left := Waiting(folder); len(left) != 2 || left[1] != noteName {
		t.Errorf("%q", left)
	}
}

func TestMemoryOutlivesTheContainer(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".agent", "keep.json")
	m := Memory{Path: path}
	m.Load()
	if !m.Handle("10m a") || m.Handle("10m a") || !m.Handle("10m b") {
		t.Error("a value is handled once")
	}
	ids := []string{m.NextID(at(0)), m.NextID(at(0)), m.NextID(at(-3600)), m.NextID(at(1))}
	if want := []string{"20261122T180000Z", "20261122T180000Z-2", "20261122T180000Z-3", "20261122T180001Z"}; !slices.Equal(ids, want) {
		t.Errorf("%q", ids)
	}
	other := Memory{Path: path}
	other.Load()
	if other.Handle("10m a") || other.NextID(at(0)) != "20261122T180001Z-2" {
		t.Error("the next container has forgotten it")
	}
	for i := range 3 * mostHandled {
		other.Handle(fmt.Sprint(i))
	}
	text, err := os.ReadFile(path)
	var state memoryState
	if err != nil || json.Unmarshal(text, &state) != nil || len(state.Handled) != mostHandled || other.Handle(fmt.Sprint(3*mostHandled-1)) {
		t.Errorf("%d are remembered, %v", len(state.Handled), err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.Load()
	if !other.Handle("10m a") {
		t.Error("a damaged memory is empty")
	}
}

func TestAFileWithoutPacketsHasTheTimesOfItsWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web-1_20261122180000_00001.pcapng")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at(60), at(60)); err != nil {
		t.Fatal(err)
	}
	c, ok := Examine(path)
	if !ok || !c.First.Equal(at(0)) || !c.Last.Equal(at(60)) {
		t.Errorf("%+v", c)
	}
	for _, other := range []string{path + "x", filepath.Dir(path)} {
		if _, ok := Examine(other); ok {
			t.Errorf("%s is no file", other)
		}
	}
}

// The clock was set back by an hour after the first file.
func TestFilesFromTheFutureBelongToTheLastMinutes(t *testing.T) {
	f := newFixture(t, 1<<20)
	ring := []string{f.file(1, 3600, 3610, 1)}
	for relative, want := range map[bool]int{true: 1, false: 0} {
		note, err := f.Create(fmt.Sprintf("20261122T18000%dZ", want), at(20), Request{From: at(0), To: at(20), Relative: relative})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Candidates(note, ring); len(got) != want {
			t.Errorf("relative %v: %d files", relative, len(got))
		}
	}
}

func TestAFileSystemWithoutRoomOrLinksIsReported(t *testing.T) {
	f := newFixture(t, 1<<20)
	note, err := f.Create("20261122T180000Z", at(0), Request{})
	if err != nil {
		t.Fatal(err)
	}
	candidate, _ := Examine(f.file(1, 0, 10, 1))
	if err := unix.Mount("tmpfs", f.folder(note.ID), "tmpfs", 0, "size=16k"); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Unmount(f.folder(note.ID), unix.MNT_DETACH) }()
	if _, err := f.Add(note, candidate); !errors.Is(err, unix.EXDEV) || f.Bytes() != 0 || len(note.Files) != 0 {
		t.Error(err, f.Bytes())
	}
	if err := os.WriteFile(filepath.Join(f.folder(note.ID), "full"), make([]byte, 1<<14), 0o600); !errors.Is(err, unix.ENOSPC) && err != nil {
		t.Fatal(err)
	}
	if err := f.Write(note); !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(f.folder(note.ID), noteName)); !os.IsNotExist(err) {
		t.Error("half a note stays:", err)
	}
}

func FuzzIsName(f *testing.F) {
	f.Add("kept/20261122T180000Z/x.pcapng")
	f.Fuzz(func(t *testing.T, name string) {
		if IsName(name) && !filepath.IsLocal(name) {
			t.Error(name)
		}
	})
}
