package keep

import (
	"os"
	"path/filepath"
	"strings"
)

// Names returns the files of all keeps as kept/ID/NAME, in the order of the keeps, and the note of each keep last.
func Names(captures string) []string {
	var names []string
	for _, id := range Keeps(captures) {
		folder := Folder + "/" + id + "/"
		entries, _ := os.ReadDir(filepath.Join(captures, Folder, id))
		note := false
		for _, entry := range entries {
			note = note || entry.Name() == noteName
			if strings.HasSuffix(entry.Name(), suffix) {
				names = append(names, folder+entry.Name())
			}
		}
		if note {
			names = append(names, folder+noteName)
		}
	}
	return names
}

// IsNote reports whether a name of Names is that of a note.
func IsNote(name string) bool { return IsName(name) && strings.HasSuffix(name, "/"+noteName) }

// IsName reports whether a name has the form of those of Names.
func IsName(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || parts[0] != Folder {
		return false
	}
	for _, part := range parts[1:] {
		if part == "" || part[0] == '.' {
			return false
		}
	}
	return parts[2] == noteName || strings.HasSuffix(parts[2], suffix)
}
