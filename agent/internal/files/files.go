// Package files hands capture files over: what `packet-capture download` starts in a pod.
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
)

// List writes the agent's status, in one line, empty when there is none, and then a line for each capture file: its size in
// bytes and its name. The status comes first: a file that is opened after it is newer than the open one that it names.
func List(captureDir, agentDir string, to io.Writer) error {
	out := bufio.NewWriter(to)
	// A volume that takes no writes has none.
	status, _ := os.ReadFile(filepath.Join(agentDir, "status.json"))
	_, _ = fmt.Fprintln(out, strings.ReplaceAll(strings.TrimRight(string(status), "\n"), "\n", " "))
	entries, err := os.ReadDir(captureDir)
	if err != nil {
		return errors.Join(out.Flush(), err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		// One that the ring removes meanwhile is none.
		if err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(entry.Name(), ".pcapng") {
			continue
		}
		_, _ = fmt.Fprintln(out, info.Size(), entry.Name())
	}
	return out.Flush()
}

// Send writes the checksum (SHA-256, hexadecimal, a line) of the first offset bytes of a file, unless there are none, that of
// its first size bytes, and then what of these is behind offset. size is that of the whole file if it is negative. The file
// is held open, so that the ring may remove it meanwhile. Its error wraps fs.ErrNotExist when it is not there.
func Send(captureDir, name string, offset, size int64, to io.Writer) error {
	if name != filepath.Base(name) || name == "." || name == ".." {
		return fmt.Errorf("%q is no file of %s: %w", name, captureDir, fs.ErrNotExist)
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
