package upload

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// keep makes the files of a keep.
func (s *station) keep(id string, names ...string) string {
	s.t.Helper()
	folder := filepath.Join(s.captures, "kept", id)
	err := os.MkdirAll(folder, 0o700)
	for _, name := range names {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), []byte("kept "+name), 0o600))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return folder
}

func TestKeptFilesAreUploadedFirstAndOnce(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.do(func() { s.Set("s3:captures") })
	s.capture(1000)
	s.expect("upload failed")
	folder := s.keep("20261122T180000Z", "web-1_20261122180000_00001.pcapng", "web-1_20261122180100_00002.pcapng", "keep.json")
	s.do(s.KeptChanged)
	s.configure(s3Config(b.URL)...)
	var files []string
	for len(files) < 4 {
		files = append(files, s.expect("uploaded").(UploadedEvent).Files...)
	}
	want := []string{"kept/20261122T180000Z/web-1_20261122180000_00001.pcapng", "kept/20261122T180000Z/web-1_20261122180100_00002.pcapng", "kept/20261122T180000Z/keep.json"}
	if !slices.Equal(files[:3], want) || strings.HasPrefix(files[3], "kept/") {
		t.Errorf("%q", files)
	}
	prefix := "/captures/shop/web-1/web-1/"
	for _, name := range want {
		if got := string(b.objects[prefix+name]); got != "kept "+filepath.Base(name) {
			t.Errorf("%s: %q", name, got)
		}
	}
	var status *Status
	s.do(func() { status = s.Status() })
	if status.Pending != 0 || status.PendingKept != 0 || status.Uploaded != 4 {
		t.Errorf("%+v", status)
	}
	// The note says something else, and there is one file more.
	s.keep("20261122T180000Z", "web-1_20261122180200_00003.pcapng")
	if err := os.WriteFile(filepath.Join(folder, "keep.json"), []byte("more"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.do(s.KeptChanged)
	want = []string{"kept/20261122T180000Z/web-1_20261122180200_00003.pcapng", "kept/20261122T180000Z/keep.json"}
	if files := s.expect("uploaded").(UploadedEvent).Files; !slices.Equal(files, want) {
		t.Errorf("%q", files)
	}
	if got := string(b.objects[prefix+want[1]]); got != "more" {
		t.Errorf("%q", got)
	}
	// The next container does none of it again.
	s.close(time.Second)
	next := &station{t: t, captures: s.captures, secret: s.secret, events: make(chan emitted, 100)}
	next.begin(program(t))
	next.keep("20261122T190000Z", "keep.json")
	next.do(func() { next.Set("s3:captures") })
	if files := next.expect("uploaded").(UploadedEvent).Files; !slices.Equal(files, []string{"kept/20261122T190000Z/keep.json"}) {
		t.Errorf("%q", files)
	}
	next.close(time.Second)
}

// A keep that gave way to another one meanwhile is no error.
func TestAKeepThatIsGoneIsNotUploaded(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	folder := s.keep("20261122T180000Z", "web-1_20261122180000_00001.pcapng", "keep.json")
	s.do(func() { s.Set("s3:captures") })
	s.expect("upload failed")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	s.configure(s3Config(b.URL)...)
	s.capture(1000)
	if files := s.expect("uploaded").(UploadedEvent).Files; len(files) != 1 || isKept(files[0]) {
		t.Errorf("%q", files)
	}
	s.close(time.Second)
}
