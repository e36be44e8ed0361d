package ring

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// scan reads the folder and keeps sums only: a ring may have a thousand files and a new one each second, and lists of
// their names would take most of this program's memory.
type scan struct {
	files int
	bytes int64
	// oldest and newest are names of files; empty if there are no files.
	oldest, newest []byte
}

// known are sizes of closed files in bytes, by idOf their names: numbers, since the names of a thousand files would
// take most of this program's memory.
type known map[uint64]int64

// idOf is the number that the digits of a file's name after the pod's form: 14 of its time and 5 of its number. has
// must report true for the name.
func (r *Ring) idOf(name []byte) uint64 {
	var id uint64
	for _, c := range name[len(r.Pod):] {
		if c >= '0' && c <= '9' {
			id = 10*id + uint64(c-'0')
		}
	}
	return id
}

// mostForgotten is how many removed files may still be in known.
const mostForgotten = 64

// Measure returns the number of files and their size in bytes.
func (r *Ring) Measure() (files int, size int64, err error) {
	s, err := r.scan()
	return s.files, s.bytes, err
}

func (r *Ring) scan() (scan, error) {
	s := scan{oldest: r.oldest[:0], newest: r.newest[:0]}
	fd, err := unix.Open(r.Folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, &fs.PathError{Op: "open", Path: r.Folder, Err: err}
	}
	defer unix.Close(fd)
	if r.entries == nil {
		r.entries = make([]byte, 4096)
	}
	for {
		n, err := unix.ReadDirent(fd, r.entries)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return s, &fs.PathError{Op: "read", Path: r.Folder, Err: err}
		}
		if n <= 0 {
			break
		}
		if err := r.add(&s, r.entries[:n]); err != nil {
			return s, err
		}
	}
	r.oldest, r.newest = s.oldest, s.newest
	if len(r.sizes) > s.files+mostForgotten {
		clear(r.sizes)
	}
	return s, nil
}

// add counts directory entries as the kernel writes them (struct linux_dirent64): inode, offset, length of the entry,
// type, and a name that ends with a zero byte.
func (r *Ring) add(s *scan, entries []byte) error {
	const nameAt = 19
	for len(entries) >= nameAt {
		length := int(binary.NativeEndian.Uint16(entries[16:]))
		if length < nameAt || length > len(entries) {
			break
		}
		name, _, _ := bytes.Cut(entries[nameAt:length], []byte{0})
		entries = entries[length:]
		if !r.has(name) {
			continue
		}
		size, ok, err := r.sizeOf(name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		s.files++
		s.bytes += size
		if len(s.oldest) == 0 || bytes.Compare(name, s.oldest) < 0 {
			s.oldest = append(s.oldest[:0], name...)
		}
		if bytes.Compare(name, s.newest) > 0 {
			s.newest = append(s.newest[:0], name...)
		}
	}
	return nil
}

// sizeOf is the size of a file in bytes; false if it is not a regular file.
func (r *Ring) sizeOf(name []byte) (int64, bool, error) {
	if size, ok := r.sizes[r.idOf(name)]; ok {
		return size, true, nil
	}
	var stat unix.Stat_t
	switch err := unix.Lstat(filepath.Join(r.Folder, string(name)), &stat); {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("%s: %w", name, err)
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		return 0, false, nil
	}
	if string(name) != r.open {
		if r.sizes == nil {
			r.sizes = known{}
		}
		r.sizes[r.idOf(name)] = stat.Size
	}
	return stat.Size, true, nil
}
