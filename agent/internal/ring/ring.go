// Package ring manages the capture files of a pod: their names, their number, and their size.
//
// Files are called POD_TIME_NUMBER.pcapng. Their names sort by age, also after restarts of the container. Other files
// in the folder are never touched.
package ring

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Room is how many bytes have to be free in the volume for a capture to begin.
const Room = 1 << 20

const (
	timeLayout = "20060102150405"
	suffix     = ".pcapng"
	// shape is the rest of the name after the pod's; 0 stands for any digit.
	shape = "_00000000000000_00000" + suffix
	// mostNumbers is how many numbers have five digits.
	mostNumbers = 100_000
)

// Ring is the files of one pod in one folder.
type Ring struct {
	Folder string
	Pod    string
	// number and last are the number and the time in the name of the file that was made last.
	number int
	last   string
	// open is the name of that file, which may still grow.
	open string
	// early are files that were closed before their time, by idOf their names.
	early []uint64
	// sizes are those of the other files; the others are buffers of scan.
	sizes                   known
	entries, oldest, newest []byte
}

// Entry is a file of the ring.
type Entry struct {
	Name string
	Size int64
}

// List returns the files, the oldest first.
func (r *Ring) List() ([]Entry, error) {
	folder, err := os.Open(r.Folder)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		if !r.has([]byte(name)) {
			continue
		}
		var stat unix.Stat_t
		switch err := unix.Lstat(filepath.Join(r.Folder, name), &stat); {
		case err == nil && stat.Mode&unix.S_IFMT == unix.S_IFREG:
			entries = append(entries, Entry{name, stat.Size})
		case err == nil, errors.Is(err, fs.ErrNotExist):
		default:
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

// has reports whether a name is that of a file of the ring.
func (r *Ring) has(name []byte) bool {
	if len(name) != len(r.Pod)+len(shape) || string(name[:len(r.Pod)]) != r.Pod {
		return false
	}
	rest := name[len(r.Pod):]
	for i := range len(shape) {
		if digit := rest[i] >= '0' && rest[i] <= '9'; shape[i] == '0' && !digit || shape[i] != '0' && rest[i] != shape[i] {
			return false
		}
	}
	return true
}

// HasRoom reports whether Room bytes are free in the volume.
func (r *Ring) HasRoom() (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(r.Folder, &stat); err != nil {
		return false, fmt.Errorf("%s: %w", r.Folder, err)
	}
	return int64(stat.Bavail)*int64(stat.Bsize) >= Room, nil
}

// Create makes the next file. Its name sorts after all others, also when the clock was set back.
func (r *Ring) Create(now time.Time) (*File, error) {
	if r.last == "" {
		s, err := r.scan()
		if err != nil {
			return nil, err
		}
		if s.files > 0 {
			r.last = string(s.newest[len(r.Pod)+1:][:len(timeLayout)])
		}
	}
	for {
		r.last = max(r.last, now.UTC().Format(timeLayout))
		r.number = r.number%(mostNumbers-1) + 1
		path := filepath.Join(r.Folder, fmt.Sprintf("%s_%s_%05d%s", r.Pod, r.last, r.number, suffix))
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
		switch {
		case err == nil:
			r.open = filepath.Base(path)
			delete(r.sizes, r.idOf([]byte(r.open)))
			return &File{Path: path, fd: fd}, nil
		case !errors.Is(err, fs.ErrExist):
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}
