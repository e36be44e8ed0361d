package ring

import (
	"path/filepath"
	"regexp"
	"testing"
)

// Nothing but what is called as the ring's files are is one of them, and is ever removed.
func FuzzNames(f *testing.F) {
	f.Add("web-1", "web-1_20260102030405_00001.pcapng")
	f.Add("", "_20260102030405_00001.pcapng")
	f.Add("a.*", "a.*_20260102030405_0000x.pcapng")
	f.Fuzz(func(t *testing.T, pod, name string) {
		r := &Ring{Pod: pod}
		// By bytes: \d is of ASCII alone, and a name need not be UTF-8.
		shaped := len(name) > len(pod) && name[:len(pod)] == pod && regexp.MustCompile(`\A_[0-9]{14}_[0-9]{5}\.pcapng\z`).MatchString(name[len(pod):])
		if r.has([]byte(name)) != shaped {
			t.Errorf("%q of %q: %v", name, pod, !shaped)
		}
	})
}

// Entries of a folder are the kernel's, and yet none of them may lead past their end.
func FuzzEntries(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x40\x00\x08p_20260102030405_00001.pcapng\x00"))
	f.Add([]byte{18: 0})
	none := filepath.Join(f.TempDir(), "none")
	f.Fuzz(func(t *testing.T, entries []byte) {
		r := &Ring{Folder: none, Pod: "p"}
		var s scan
		if err := r.add(&s, entries); err != nil || s.files != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
