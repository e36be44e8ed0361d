package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// longestFile is how many bytes are read of a file: a text of that many bytes has more than the allowed 16,384
// characters.
const longestFile = 1 << 16

// tries is how often the folder is read again when the kubelet replaces it meanwhile.
const tries = 10

// Read reads one version of the annotations from the folder that the kubelet keeps up to date.
//
// The kubelet never changes these files in place: it points the link ..data to another folder and removes the old one
// (pkg/volume/util/atomic_writer.go in kubernetes). If that happens during a read, it is done again: otherwise a
// missing file would look like a setting that was removed. A folder without ..data is read as it is; a missing file
// counts as empty. The values hold an attached agent's notes (By, Reason, Until), too.
func Read(dir string) (Values, error) {
	for range tries {
		before, err := version(dir)
		if err != nil {
			return nil, err
		}
		values, err := readFolder(filepath.Join(dir, before))
		after, versionErr := version(dir)
		if versionErr != nil {
			return nil, versionErr
		}
		if after == before {
			return values, err
		}
	}
	return nil, fmt.Errorf("the settings in %s changed %d times while they were read", dir, tries)
}

// version is the name of the folder that ..data points to; empty if there is no ..data.
func version(dir string) (string, error) {
	name, err := os.Readlink(filepath.Join(dir, "..data"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the version of the settings: %w", err)
	}
	return name, nil
}

func readFolder(dir string) (Values, error) {
	values := make(Values, len(Table)+len(notes))
	for name := range names() {
		text, err := readText(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("cannot read the setting %s: %w", name, err)
		}
		values[name] = text
	}
	return values, nil
}

// readText reads a file, including white space, up to longestFile.
func readText(file string) (string, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	bytes, err := io.ReadAll(io.LimitReader(f, longestFile))
	return string(bytes), err
}
