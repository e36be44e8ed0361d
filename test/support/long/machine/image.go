package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// attribute is how a layer names an extended attribute: file capabilities are one.
const attribute = "SCHILY.xattr."

// layOut unpacks a layer of an image as a container runtime does, and mounts what a pod's container has in it: volumes for
// the files and for the settings, a read-only root.
func layOut(layer string, values map[string]string) error {
	if err := mount("tmpfs", image, 0, "mode=755,size=200m"); err != nil {
		return err
	}
	file, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	archive := tar.NewReader(text)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := unpack(header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	for _, m := range []struct{ source, target, data string }{
		{"sysfs", image + "/sys", ""}, {"tmpfs", image + "/dev", "mode=755"},
		{"tmpfs", image + "/captures", "mode=1777,size=256m"}, {"tmpfs", settingsFolder, "mode=755"},
	} {
		if err := mount(m.source, m.target, 0, m.data); err != nil {
			return err
		}
	}
	if err := syscall.Mknod(image+"/dev/null", syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		return err
	}
	if err := os.Chmod(image+"/dev/null", 0o666); err != nil {
		return err
	}
	if err := writeSettings(values); err != nil {
		return err
	}
	return syscall.Mount("", image, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func unpack(header *tar.Header, content io.Reader) error {
	path := filepath.Join(image, header.Name)
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	case tar.TypeSymlink:
		if err := os.Symlink(header.Linkname, path); err != nil {
			return err
		}
		return os.Lchown(path, header.Uid, header.Gid)
	case tar.TypeLink:
		return os.Link(filepath.Join(image, header.Linkname), path)
	case tar.TypeReg:
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, content); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a file of kind %c", header.Typeflag)
	}
	if err := os.Lchown(path, header.Uid, header.Gid); err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	// Last: a change of the owner takes capabilities away.
	for key, value := range header.PAXRecords {
		if name, is := strings.CutPrefix(key, attribute); is {
			if err := syscall.Setxattr(path, name, []byte(value), 0); err != nil {
				return err
			}
		}
	}
	return nil
}
