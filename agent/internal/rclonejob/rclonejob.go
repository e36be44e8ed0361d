// Package rclonejob defines the messages between the agent and its uploading process (agent/rclone): lines of JSON on
// the process's standard input and output. No secret is in an argument, in the environment or in a file.
package rclonejob

// Setup is the first line of the input.
type Setup struct {
	// Config is rclone.conf: keys and values of each remote.
	Config map[string]map[string]string `json:"config"`
	// Remote is the destination, REMOTE:PATH.
	Remote string `json:"remote"`
	// Proxy is the URL of the agent's proxy, with credentials: the only way to the network.
	Proxy string `json:"proxy"`
	// CA are files of trusted certificates in PEM; empty: those of the system.
	CA []string `json:"ca,omitempty"`
}

// File is each further line of the input: a capture file to upload, with a note next to it.
type File struct {
	Path string `json:"path"`
	// Name is its name at the destination, without an ending; it may have folders.
	Name string `json:"name"`
	// Note is the text of NAME.json.
	Note string `json:"note,omitempty"`
	// Plain: Name has its ending already, and there is no note.
	Plain bool `json:"plain,omitempty"`
}

// Result is a line of the output, one for each file, in the same order.
type Result struct {
	Name string `json:"name"`
	// Gone: the capture file no longer exists, and was not uploaded.
	Gone bool `json:"gone,omitempty"`
	// Error is why it failed, in rclone's words; empty: the destination has the file and the note.
	Error string `json:"error,omitempty"`
	// Unverified is why the destination, which accepted both, could not be asked whether it has them.
	Unverified string `json:"unverified,omitempty"`
}
