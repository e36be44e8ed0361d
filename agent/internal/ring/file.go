package ring

import (
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MostParts is how many Write takes at once (IOV_MAX is 1024).
const MostParts = 256

// File is a file that is being written.
type File struct {
	Path string
	// Size is how many bytes were written as a whole.
	Size int64
	fd   int
	// vectors are part of the file, so that writing does not allocate.
	vectors [MostParts]unix.Iovec
}

// Write appends the parts as a whole: if it fails, none of their bytes stay in the file.
func (f *File) Write(parts ...[]byte) error {
	vectors := f.vectors[:0]
	var length int64
	for _, part := range parts {
		if len(part) > 0 {
			vectors = append(vectors, unix.Iovec{Base: unsafe.SliceData(part), Len: uint64(len(part))})
			length += int64(len(part))
		}
	}
	defer clear(f.vectors[:len(vectors)])
	for len(vectors) > 0 {
		// It bypasses the scheduler, as in package loop: a write to the page cache does not block.
		n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(f.fd), uintptr(unsafe.Pointer(&vectors[0])), uintptr(len(vectors)))
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			// If this fails, the file ends in the middle of a block and can be read up to there.
			_ = unix.Ftruncate(f.fd, f.Size)
			_, _ = unix.Seek(f.fd, f.Size, unix.SEEK_SET)
			return &fs.PathError{Op: "write", Path: f.Path, Err: errno}
		default:
			vectors = behind(vectors, uint64(n))
		}
	}
	f.Size += length
	return nil
}

// behind returns the vectors without the first n bytes. It changes the list.
func behind(vectors []unix.Iovec, n uint64) []unix.Iovec {
	for len(vectors) > 0 && vectors[0].Len <= n {
		n -= vectors[0].Len
		vectors = vectors[1:]
	}
	if len(vectors) > 0 {
		vectors[0].Base = (*byte)(unsafe.Add(unsafe.Pointer(vectors[0].Base), n))
		vectors[0].Len -= n
	}
	return vectors
}

// Close closes the file.
func (f *File) Close() error {
	return unix.Close(f.fd)
}

// Exists reports whether the file was not removed.
func (f *File) Exists() bool {
	var stat unix.Stat_t
	return unix.Fstat(f.fd, &stat) == nil && stat.Nlink > 0
}

// Remove removes the file from the volume.
func (f *File) Remove() error {
	return os.Remove(f.Path)
}
