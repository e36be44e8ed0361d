package keep

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Keeps returns the ids of the keeps in the folder of the captures, the oldest first. Any goroutine may call it.
func Keeps(captures string) []string {
	entries, _ := os.ReadDir(filepath.Join(captures, Folder))
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() {
			ids = append(ids, entry.Name())
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// Waiting returns the names of what is to be uploaded of the keep in a folder: its capture files, the oldest first, and
// then its note, again whenever it has changed. Any goroutine may call it.
func Waiting(folder string) []string {
	uploaded := uploadedOf(folder)
	entries, _ := os.ReadDir(folder)
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, suffix) && !uploaded[name] {
			names = append(names, name)
		}
	}
	if mark := noteMark(folder); mark != "" && !uploaded[mark] {
		names = append(names, noteName)
	}
	return names
}

// SetUploaded remembers that the destination has a file of a keep. If that cannot be written, it will be uploaded again
// by the next container. Any goroutine may call it.
func SetUploaded(folder, name, sha256 string) error {
	if name == noteName {
		name += " " + sha256
	}
	file, err := os.OpenFile(filepath.Join(folder, uploadedName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(name + "\n")
	return err
}

func uploadedOf(folder string) map[string]bool {
	text, _ := os.ReadFile(filepath.Join(folder, uploadedName))
	marks := map[string]bool{}
	for mark := range strings.Lines(string(text)) {
		marks[strings.TrimSuffix(mark, "\n")] = true
	}
	return marks
}

// noteMark is the mark of the note as it is now; empty if there is none.
func noteMark(folder string) string {
	text, err := os.ReadFile(filepath.Join(folder, noteName))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return noteName + " " + hex.EncodeToString(sum[:])
}
