package ring

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"packet-capture/agent/internal/nettest"
)

func write(t *testing.T, folder, name string, size int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
}

func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestListHasTheRingsFilesAlone(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{
		"web-1_20260102030405_00002.pcapng", "web-1_20260102030405_00001.pcapng", "notes.pcapng", "web-1_20260102030405_0001.pcapng", "web-1_2026010203040x_00001.pcapng",
		"web-12_20260102030405_00001.pcapng", "web-1_20260102030405_00001.pcapng.gz", "web-1_20260102030405-00001.pcapng", "web-1_20260102030404_00009.pcapng",
	} {
		write(t, folder, name, len(name))
	}
	if err := os.Mkdir(filepath.Join(folder, "web-1_20260102030406_00001.pcapng"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("notes.pcapng", filepath.Join(folder, "web-1_20260102030407_00001.pcapng")); err != nil {
		t.Fatal(err)
	}
	r := Ring{Folder: folder, Pod: "web-1"}
	entries, err := r.List()
	want := []Entry{{"web-1_20260102030404_00009.pcapng", 33}, {"web-1_20260102030405_00001.pcapng", 33}, {"web-1_20260102030405_00002.pcapng", 33}}
	if err != nil || !slices.Equal(entries, want) {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPrune(t *testing.T) {
	for _, test := range []struct {
		count int
		bytes int64
		want  string
	}{
		{5, 1000, "12345"}, {4, 1000, "2345"}, {1, 1000, "5"}, {0, 1000, ""}, {5, 100, "12345"}, {5, 99, "2345"}, {5, 45, "45"}, {5, 39, "5"}, {5, 19, ""}, {5, 0, ""},
	} {
		folder := t.TempDir()
		r := Ring{Folder: folder, Pod: "p"}
		for i := range 5 {
			write(t, folder, "p_2026010203040"+string(rune('1'+i))+"_00001.pcapng", 20)
		}
		write(t, folder, "other", 5000)
		if err := r.Prune(test.count, test.bytes); err != nil {
			t.Error(err)
		}
		got := ""
		for _, name := range namesIn(t, folder) {
			if name != "other" {
				got += name[15:16]
			}
		}
		if got != test.want || !slices.Contains(namesIn(t, folder), "other") {
			t.Errorf("%d files of %d bytes at most leave %q, not %q", test.count, test.bytes, got, test.want)
		}
	}
}

func TestCreateNamesSortByAge(t *testing.T) {
	folder := t.TempDir()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var names []string
	// In the same second, later, earlier (somebody has set the clock), and by the program after.
	for _, at := range []time.Duration{0, 0, time.Second, -time.Hour, -time.Hour, 2 * time.Second} {
		r := &Ring{Folder: folder, Pod: "web-1"}
		for range 2 {
			file, err := r.Create(now.Add(at))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.Base(file.Path))
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 12 {
		t.Errorf("%q", names)
	}
	if names[0] != "web-1_20260102030405_00001.pcapng" {
		t.Errorf("the first is %q", names[0])
	}
	info, err := os.Stat(filepath.Join(folder, names[0]))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWrite(t *testing.T) {
	r := &Ring{Folder: t.TempDir(), Pod: "p"}
	file, err := r.Create(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Write([]byte("ab"), nil, []byte("c"), []byte("def")); err != nil {
		t.Error(err)
	}
	if err := file.Write(); err != nil {
		t.Error(err)
	}
	many := slices.Repeat([][]byte{[]byte("0123456789")}, MostParts)
	if err := file.Write(many...); err != nil {
		t.Error(err)
	}
	want := "abcdef" + strings.Repeat("0123456789", MostParts)
	got, err := os.ReadFile(file.Path)
	if err != nil || string(got) != want || file.Size != int64(len(want)) {
		t.Errorf("%d bytes of %d, %v", file.Size, len(want), err)
	}
	if !file.Exists() {
		t.Error("it does not exist")
	}
	if err := errors.Join(file.Remove(), file.Close()); err != nil || file.Exists() {
		t.Errorf("it exists, %v", err)
	}
	if allocations := testing.AllocsPerRun(100, func() { behind(file.vectors[:0], 0) }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// On a volume that is full a file ends behind what was written whole.
func TestWriteToAFullVolume(t *testing.T) {
	nettest.Enter(t)
	folder := nettest.Volume(t, "2m")
	r := &Ring{Folder: folder, Pod: "p"}
	if room, err := r.HasRoom(); !room || err != nil {
		t.Errorf("no room, %v", err)
	}
	file, err := r.Create(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	part := bytes.Repeat([]byte("x"), 300_000)
	for err == nil {
		err = file.Write(part, part)
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "space") {
		t.Error(err)
	}
	info, err := os.Stat(file.Path)
	if err != nil || info.Size() != file.Size || file.Size%600_000 != 0 || file.Size == 0 {
		t.Errorf("%d bytes, and %d are whole, %v", info.Size(), file.Size, err)
	}
	if room, err := r.HasRoom(); room || err != nil {
		t.Errorf("room, %v", err)
	}
	// When there is room again, it goes on where it ended.
	part = part[:1000]
	if err := file.Write(part); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(file.Path); err != nil || info.Size() != file.Size {
		t.Errorf("%d bytes, and %d are whole, %v", info.Size(), file.Size, err)
	}
}

func TestErrors(t *testing.T) {
	r := &Ring{Folder: filepath.Join(t.TempDir(), "gone"), Pod: "p"}
	if _, err := r.Create(time.Now()); err == nil {
		t.Error("a file in a folder that is not there")
	}
	if err := r.Prune(1, 1); err == nil {
		t.Error("a folder that is not there was pruned")
	}
	if _, err := r.HasRoom(); err == nil {
		t.Error("a folder that is not there has room")
	}
}

// A file that grows is measured as it is, one that is gone is not counted, and nothing is allocated for those that
// stay.
func TestMeasure(t *testing.T) {
	folder := t.TempDir()
	r := &Ring{Folder: folder, Pod: "p"}
	measure := func(wantFiles int, wantBytes int64) {
		t.Helper()
		if files, size, err := r.Measure(); files != wantFiles || size != wantBytes || err != nil {
			t.Errorf("%d files of %d bytes, not %d of %d, %v", files, size, wantFiles, wantBytes, err)
		}
	}
	measure(0, 0)
	for i := range 300 {
		write(t, folder, fmt.Sprintf("p_20260101000000_%05d.pcapng", i+1), 10)
	}
	write(t, folder, "other.pcapng", 1000)
	measure(300, 3000)
	file, err := r.Create(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := file.Write([]byte("12345")); err != nil {
			t.Error(err)
		}
		measure(301, 3000+5*int64(i+1))
	}
	if err := os.Remove(filepath.Join(folder, "p_20260101000000_00007.pcapng")); err != nil {
		t.Fatal(err)
	}
	measure(300, 3005)
	if allocations := testing.AllocsPerRun(5, func() { _, _, _ = r.Measure() }); allocations > 20 {
		t.Errorf("%v allocations", allocations)
	}
	if err := r.Prune(298, 1<<20); err != nil {
		t.Error(err)
	}
	measure(298, 2985)
	if err := r.Prune(5, 1<<20); err != nil {
		t.Error(err)
	}
	measure(5, 55)
	if names := namesIn(t, folder); len(names) != 6 || names[1] != "p_20260101000000_00297.pcapng" {
		t.Errorf("%q", names)
	}
	_ = file.Close()
}

// Files that were closed before their time do not count, for as long as they are in the ring; their bytes do.
func TestPruneDoesNotCountFilesThatWereClosedEarly(t *testing.T) {
	r := &Ring{Folder: t.TempDir(), Pod: "web-1"}
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	create := func(early bool) {
		t.Helper()
		now = now.Add(time.Second)
		if err := r.Prune(2, 1000); err != nil {
			t.Fatal(err)
		}
		file, err := r.Create(now)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if early {
			r.CloseEarly()
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		t.Helper()
		files, _, err := r.Measure()
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	create(false)
	for range 5 {
		create(true)
	}
	create(false)
	if files := count(); files != 7 {
		t.Errorf("%d files, with 5 of them closed early", files)
	}
	// All bytes count.
	for range 20 {
		create(true)
	}
	if files := count(); files != 11 {
		t.Errorf("%d files of 100 bytes in a ring of 1000, next to the open one", files)
	}
	// What has left the ring is forgotten.
	for range 20 {
		create(false)
	}
	if files := count(); files != 3 || len(r.early) != 0 {
		t.Errorf("%d files, %d early", files, len(r.early))
	}
	for range 3 * mostEarly {
		r.CloseEarly()
	}
	if len(r.early) != mostEarly {
		t.Errorf("%d early", len(r.early))
	}
}
