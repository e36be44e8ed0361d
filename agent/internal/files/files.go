// Package files lists and sends capture files, for `packet-capture download`.
package files

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"packet-capture/agent/internal/keep"
)

// List writes the agent's status in one line, which is empty if there is no status, then the line "now TIME" with what
// this machine's clock shows, and then a line for each capture file: its size in bytes and its name. The status comes
// first, so that a file opened meanwhile is newer than the open file that the status names. Last come the files of each
// keep, as kept/ID/NAME, with its note keep.json.
func List(captureDir, agentDir string, to io.Writer) error {
	out := bufio.NewWriter(to)
	// A volume that cannot be written to has no status.
	status, _ := os.ReadFile(filepath.Join(agentDir, "status.json"))
	_, _ = fmt.Fprintln(out, strings.ReplaceAll(strings.TrimRight(string(status), "\n"), "\n", " "))
	_, _ = fmt.Fprintln(out, "now", time.Now().UTC().Format(time.RFC3339Nano))
	entries, err := os.ReadDir(captureDir)
	if err != nil {
		return errors.Join(out.Flush(), err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		// The ring may remove a file meanwhile.
		if err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(entry.Name(), ".pcapng") {
			continue
		}
		_, _ = fmt.Fprintln(out, info.Size(), entry.Name())
	}
	for _, name := range keep.Names(captureDir) {
		if info, err := os.Lstat(filepath.Join(captureDir, filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
			_, _ = fmt.Fprintln(out, info.Size(), name)
		}
	}
	return out.Flush()
}

// Send sends a file that List names. It writes the checksum (SHA-256, hexadecimal, one line) of the first offset bytes of a file, unless offset is 0,
// the checksum of its first size bytes, and then the bytes from offset to size. A negative size stands for the whole
// file. The file is held open, so the ring may remove it meanwhile. The error wraps fs.ErrNotExist if the file does not
// exist.
func Send(captureDir, name string, offset, size int64, to io.Writer) error {
	if (name != filepath.Base(name) || name == "." || name == "..") && !keep.IsName(name) {
		return fmt.Errorf("%q is not a file in %s: %w", name, captureDir, fs.ErrNotExist)
	}
	file, err := os.OpenInRoot(captureDir, name)
	if err != nil {
		return err
	}
	defer file.Close()
	if size < 0 {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		size = info.Size()
	}
	lengths := []int64{size}
	if offset > 0 {
		lengths = []int64{offset, size}
	}
	for _, length := range lengths {
		hash := sha256.New()
		if _, err := io.Copy(hash, io.NewSectionReader(file, 0, length)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(to, "%x\n", hash.Sum(nil)); err != nil {
			return err
		}
	}
	if offset >= size {
		return nil
	}
	_, err = io.Copy(to, io.NewSectionReader(file, offset, size-offset))
	return err
}
