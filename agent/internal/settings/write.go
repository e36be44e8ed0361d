package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// versionLayout is the beginning of a version's name, as the kubelet has it.
const versionLayout = "..2006_01_02_15_04_05."

// Write writes values as the next version of a folder, in the form of the kubelet's volumes
// (pkg/volume/util/atomic_writer.go in kubernetes): a new folder with a file for each value, to which the link ..data is
// pointed in one step. Read and Watch find all of it or nothing. Only the user of this program can read it. There may be
// one writer at a time. After an error the version of before stays.
func Write(dir string, values Values) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	before, err := version(dir)
	if err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(dir, time.Now().UTC().Format(versionLayout))
	if err != nil {
		return err
	}
	if err := publish(dir, filepath.Base(fresh), values); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	removeVersions(dir, filepath.Base(fresh), before)
	return nil
}

// publish fills the folder of a version, and points ..data to it.
func publish(dir, name string, values Values) error {
	for setting, value := range values {
		if err := os.WriteFile(filepath.Join(dir, name, setting), []byte(value), 0o600); err != nil {
			return err
		}
		link := filepath.Join(dir, setting)
		if err := os.Symlink(filepath.Join("..data", setting), link); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	next := filepath.Join(dir, "..data_tmp")
	_ = os.Remove(next)
	if err := os.Symlink(name, next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
		return fmt.Errorf("cannot replace the settings: %w", err)
	}
	return nil
}

// removeVersions removes the version of before, and those of writers that were killed.
func removeVersions(dir, current, before string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() && name != current && (name == before || strings.HasPrefix(name, "..2")) {
			_ = os.RemoveAll(filepath.Join(dir, name))
		}
	}
}
