package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"strings"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/hash"
	"github.com/rclone/rclone/fs/object"

	"packet-capture/agent/internal/rclonejob"
)

// far is the destination of the files.
type far struct{ fs fs.Fs }

// open finds the remote. A slash at its end says that it is a folder, so that rclone does not ask whether it is a file:
// a key that may only put objects may not ask that.
func open(ctx context.Context, remote string) (*far, error) {
	f, err := fs.NewFs(ctx, strings.TrimRight(remote, "/")+"/")
	if err != nil && !errors.Is(err, fs.ErrorIsFile) {
		return nil, err
	}
	return &far{f}, nil
}

// upload sends a file, and its note if it has one, to the destination, and then asks whether it has them.
func (f *far) upload(ctx context.Context, file rclonejob.File, result *rclonejob.Result) {
	capture, err := os.Open(file.Path)
	if err != nil {
		result.Gone = errors.Is(err, iofs.ErrNotExist)
		result.Error = err.Error()
		return
	}
	defer func() { _ = capture.Close() }()
	pieces := []piece{{file.Name + ".pcapng", capture}, {file.Name + ".json", bytes.NewReader([]byte(file.Note))}}
	if file.Plain {
		pieces = []piece{{file.Name, capture}}
	}
	for _, piece := range pieces {
		unverified, err := f.put(ctx, piece.name, piece.content)
		if err != nil {
			result.Error = err.Error()
			return
		}
		if unverified != "" {
			result.Unverified = unverified
		}
	}
}

// piece is what becomes an object.
type piece struct {
	name    string
	content io.ReadSeeker
}

// put sends content to the destination, and then asks whether it has it. unverified is why it could not be asked.
func (f *far) put(ctx context.Context, name string, content io.ReadSeeker) (unverified string, err error) {
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sums, err := hash.StreamTypes(content, f.fs.Hashes())
	if err != nil {
		return "", err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	info := object.NewStaticObjectInfo(name, time.Now(), size, true, sums, nil)
	sent, err := f.fs.Put(ctx, content, info)
	if err != nil {
		return "", err
	}
	return f.verify(ctx, name, size, sums, sent)
}

// verify asks the destination for an object, which must have that size, and that checksum if the destination knows one.
//
// A different checksum may not be one of the content: the ETag of an object that S3 encrypts with a key of KMS. The
// server then answered with the same ETag when it accepted the object, and it compared the content with the MD5 that
// was sent along.
func (f *far) verify(ctx context.Context, name string, size int64, sums map[hash.Type]string, sent fs.Object) (unverified string, err error) {
	found, err := f.fs.NewObject(ctx, name)
	if isForbidden(err) {
		return err.Error(), nil
	}
	if err != nil {
		return "", fmt.Errorf("the destination does not have what was sent: %w", err)
	}
	if found.Size() >= 0 && found.Size() != size {
		return "", fmt.Errorf("the destination does not have what was sent: %d bytes instead of %d", found.Size(), size)
	}
	for kind, sum := range sums {
		there, err := found.Hash(ctx, kind)
		if err != nil || there == "" || there == sum {
			continue
		}
		if said, err := sent.Hash(ctx, kind); err == nil && said == there {
			continue
		}
		return "", fmt.Errorf("the destination does not have what was sent: %v %s instead of %s", kind, there, sum)
	}
	return "", nil
}

// isForbidden reports whether the destination refuses the question to these credentials.
func isForbidden(err error) bool {
	var withCode interface{ HTTPStatusCode() int }
	switch {
	case err == nil:
		return false
	case errors.As(err, &withCode):
		return withCode.HTTPStatusCode() == 403
	case errors.Is(err, fs.ErrorPermissionDenied):
		return true
	}
	text := err.Error()
	return strings.Contains(text, "403 ") || strings.Contains(text, "AuthorizationPermissionMismatch") || strings.Contains(text, "Forbidden")
}
