package ring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// fewAtOnce is how many files Prune removes with a scan for each.
const fewAtOnce = 8

// mostEarly is how many files may be in the ring in addition to its count.
const mostEarly = 128

// CloseEarly says that the open file will be closed before its time. Such files do not push others out of the ring by
// their number: somebody who asks for the last minutes again and again would else shorten them to seconds.
func (r *Ring) CloseEarly() {
	if r.open == "" {
		return
	}
	r.early = append(r.early, r.idOf([]byte(r.open)))
	if len(r.early) > mostEarly {
		r.early = slices.Delete(r.early, 0, len(r.early)-mostEarly)
	}
}

// forgetEarly forgets files that have left the ring.
func (r *Ring) forgetEarly(oldest []byte) {
	r.early = slices.DeleteFunc(r.early, func(id uint64) bool { return len(oldest) == 0 || id < r.idOf(oldest) })
}

// Prune removes the oldest files until there are at most count files, not counting those that were closed early, with at
// most that many bytes.
func (r *Ring) Prune(count int, bytes int64) error {
	wanted := count
	for {
		s, err := r.scan()
		if err == nil {
			r.forgetEarly(s.oldest)
			count = wanted + len(r.early)
		}
		switch {
		case err != nil:
			return err
		case s.files == 0 || s.files <= count && s.bytes <= bytes:
			return nil
		case s.files-count > fewAtOnce:
			if err := r.pruneList(count); err != nil {
				return err
			}
		default:
			if err := r.remove(string(s.oldest)); err != nil {
				return err
			}
		}
	}
}

// pruneList removes the oldest files until there are at most count files.
func (r *Ring) pruneList(count int) error {
	entries, err := r.List()
	if err != nil {
		return err
	}
	for ; len(entries) > count; entries = entries[1:] {
		if err := r.remove(entries[0].Name); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) remove(name string) error {
	delete(r.sizes, r.idOf([]byte(name)))
	if err := os.Remove(filepath.Join(r.Folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
