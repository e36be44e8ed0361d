package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const settingsFolder = image + "/etc/packet-capture/settings"

var settingsVersion int

// writeSettings writes the pod's annotations as the kubelet does (pkg/volume/util/atomic_writer.go): files in a new folder,
// and one link that is replaced.
func writeSettings(values map[string]string) error {
	settingsVersion++
	folder := fmt.Sprintf("..version_%d", settingsVersion)
	data := filepath.Join(settingsFolder, "..data")
	before, err := os.Readlink(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Mkdir(filepath.Join(settingsFolder, folder), 0o755); err != nil {
		return err
	}
	for name, value := range values {
		if err := os.WriteFile(filepath.Join(settingsFolder, folder, name), []byte(value), 0o644); err != nil {
			return err
		}
		if before == "" {
			if err := os.Symlink("..data/"+name, filepath.Join(settingsFolder, name)); err != nil {
				return err
			}
		}
	}
	if err := os.Symlink(folder, data+"_tmp"); err != nil {
		return err
	}
	if err := os.Rename(data+"_tmp", data); err != nil || before == "" {
		return err
	}
	return os.RemoveAll(filepath.Join(settingsFolder, before))
}
