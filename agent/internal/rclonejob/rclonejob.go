// Package rclonejob is what the agent and its uploading process (agent/rclone) say to each other: lines of JSON on the
// process' standard input and output. Nothing of it stands in an argument, in the environment or in a file.
package rclonejob

// Setup is the first line of the input.
type Setup struct {
	// Config is rclone.conf: keys and values of each remote.
	Config map[string]map[string]string `json:"config"`
	// Remote is where files go, REMOTE:PATH.
	Remote string `json:"remote"`
	// Proxy is the agent's own, a URL with credentials: the only way out.
	Proxy string `json:"proxy"`
	// CA are files of certificates that are trusted, in PEM; none: those of the system.
	CA []string `json:"ca,omitempty"`
}

// File is each further line of the input: a capture file, to be uploaded with a note beside it.
type File struct {
	Path string `json:"path"`
	// Name is what it is called at the far end, without an ending.
	Name string `json:"name"`
	// Note is the text of NAME.json.
	Note string `json:"note"`
}

// Result is a line of the output, one for each file and in the same order.
type Result struct {
	Name string `json:"name"`
	// Gone says that the capture file is not there any more, and was not uploaded.
	Gone bool `json:"gone,omitempty"`
	// Error is why it failed, in rclone's words; empty: the far end has both.
	Error string `json:"error,omitempty"`
	// Unverified is why the far end could not be asked whether it has them, though it took them.
	Unverified string `json:"unverified,omitempty"`
}
