package files

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func sum(content string) string {
	return fmt.Sprintf("%x\n", sha256.Sum256([]byte(content)))
}

func TestSend(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.pcapng"), "0123456789")
	for _, test := range []struct {
		name         string
		offset, size int64
		sent         string
	}{
		{"all of it", 0, -1, sum("0123456789") + "0123456789"},
		{"its beginning", 0, 4, sum("0123") + "0123"},
		{"the rest", 4, 10, sum("0123") + sum("0123456789") + "456789"},
		{"no rest", 10, 10, sum("0123456789") + sum("0123456789")},
		{"more than is wanted was there", 7, 3, sum("0123456") + sum("012")},
		{"nothing", 0, 0, sum("")},
		{"more than there is", 0, 20, sum("0123456789") + "0123456789"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent bytes.Buffer
			if err := Send(dir, "a.pcapng", test.offset, test.size, &sent); err != nil {
				t.Fatal(err)
			}
			if sent.String() != test.sent {
				t.Errorf("got %q, want %q", sent.String(), test.sent)
			}
		})
	}
}

func TestSendStaysInTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "captures")
	write(t, filepath.Join(dir, "a.pcapng"), "a")
	write(t, filepath.Join(dir, ".agent", "status.json"), "{}")
	write(t, filepath.Join(filepath.Dir(dir), "secret"), "secret")
	if err := os.Symlink("../secret", filepath.Join(dir, "link.pcapng")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gone.pcapng", "../secret", ".agent/status.json", "..", ".", "", "link.pcapng"} {
		var sent bytes.Buffer
		err := Send(dir, name, 0, -1, &sent)
		if err == nil || sent.Len() > 0 {
			t.Errorf("%q: %v, %q", name, err, sent.String())
		}
		if name != "link.pcapng" && name != "" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	agent := filepath.Join(dir, ".agent")
	var listed bytes.Buffer
	// The list without its line of the time, which must be now.
	rest := func() string {
		lines := strings.SplitAfter(listed.String(), "\n")
		if len(lines) < 2 {
			return listed.String()
		}
		now, err := time.Parse("now "+time.RFC3339Nano+"\n", lines[1])
		if age := time.Since(now); err != nil || age < 0 || age > time.Minute {
			t.Errorf("the line of the time is %q: %v", lines[1], err)
		}
		return strings.Join(append(lines[:1:1], lines[2:]...), "")
	}
	if err := List(dir, agent, &listed); err != nil || rest() != "\n" {
		t.Errorf("of an empty folder: %v, %q", err, listed.String())
	}
	write(t, filepath.Join(agent, "status.json"), "{\"state\":\"capturing\"}\n")
	write(t, filepath.Join(dir, "b.pcapng"), "12345")
	write(t, filepath.Join(dir, "a.pcapng"), "123")
	write(t, filepath.Join(dir, "notes.txt"), "1")
	if err := os.Mkdir(filepath.Join(dir, "folder.pcapng"), 0o700); err != nil {
		t.Fatal(err)
	}
	listed.Reset()
	if err := List(dir, agent, &listed); err != nil || rest() != "{\"state\":\"capturing\"}\n3 a.pcapng\n5 b.pcapng\n" {
		t.Errorf("%v, %q", err, listed.String())
	}
	if err := List(dir+"/none", agent, &listed); err == nil || strings.Contains(listed.String(), "none") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestFilesOfKeepsAreListedAndSent(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "kept", "20261122T180000Z")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.pcapng": "one", "b.pcapng": "three", "keep.json": "{}", ".uploaded": "x", "keep.json.new": "x"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := List(dir, filepath.Join(dir, ".agent"), &out); err != nil {
		t.Fatal(err)
	}
	want := "3 kept/20261122T180000Z/a.pcapng\n5 kept/20261122T180000Z/b.pcapng\n2 kept/20261122T180000Z/keep.json\n"
	if !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\n") != 5 {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	if err := Send(dir, "kept/20261122T180000Z/b.pcapng", 0, -1, &out); err != nil || !strings.HasSuffix(out.String(), "\nthree") {
		t.Errorf("%q, %v", out.String(), err)
	}
	secret := filepath.Join(t.TempDir(), "secret.pcapng")
	if err := errors.Join(os.WriteFile(secret, []byte("x"), 0o600), os.Symlink(secret, filepath.Join(folder, "link.pcapng"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kept/20261122T180000Z/.uploaded", "kept/../x.pcapng", "kept/20261122T180000Z/link.pcapng", "kept/20261122T180000Z/c.pcapng"} {
		if err := Send(dir, name, 0, -1, io.Discard); err == nil {
			t.Errorf("%s was sent", name)
		}
	}
}
