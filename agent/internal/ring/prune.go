package ring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// fewAtOnce is how many files Prune removes with a scan for each.
const fewAtOnce = 8

// Prune removes the oldest files until there are at most count files with at most that many bytes.
func (r *Ring) Prune(count int, bytes int64) error {
	for {
		s, err := r.scan()
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
