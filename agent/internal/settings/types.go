// Package settings reads what to capture: the pod's annotations, which the kubelet writes into a volume, and checks
// them.
//
// The table of names, types, bounds and defaults is generated from src/settings (TypeScript); both sides pass the same
// test vectors.
package settings

import "time"

// Values are settings as the user wrote them, by name. Every name of the table is there; an empty text means none. As
// they are read from a folder, they have an attached agent's By, Reason and Until, too.
type Values map[string]string

// Snaplen is how many bytes of each packet are kept.
type Snaplen struct {
	// Bytes kept; 0 keeps whole packets.
	Bytes int
	// Headers keeps link, network and transport headers and no byte of payload. Bytes is 0 then.
	Headers bool
}

// Interfaces are those to capture.
type Interfaces struct {
	// All stands for every interface that is up, also later; Loopback: lo is included.
	All      bool
	Loopback bool
	// Names are set when All is not.
	Names []string
}

// Endpoint is where a push goes.
type Endpoint struct {
	// Host is a name or an address, without brackets.
	Host string
	Port uint16
}

// Mirror is where copies go.
type Mirror struct {
	Endpoint
	VNI uint32
}

// Keep is which files are to be kept, and why.
type Keep struct {
	// Last is how long before now the window begins, which ends now; 0: it is From and To.
	Last     time.Duration
	From, To time.Time
	// Reason may be empty.
	Reason string
}

// Settings are valid values and their meaning.
type Settings struct {
	Idle       bool
	Filter     string
	Interfaces Interfaces
	Snaplen    Snaplen
	// FileSize and BufferSize are bytes.
	FileSize  int64
	FileCount int
	Rotate    time.Duration
	Duration  time.Duration
	// PacketCount is 0 when there is no limit.
	PacketCount int64
	BufferSize  int64
	// Upload is an rclone destination, REMOTE:PATH; empty when there is none.
	Upload string
	// Stream and Mirror are nil when they are not set, or not valid: the capture goes on without them.
	Stream *Endpoint
	Mirror *Mirror
	// Keep is nil when nothing is asked for, or not in a valid way. It is not a state: a value is done once.
	Keep *Keep
	// KeepSize is how many bytes kept files may have.
	KeepSize int64
	// KeepOnExit is how much is kept at SIGTERM; 0: nothing.
	KeepOnExit time.Duration
	// KeepPort is where the apps of the pod may ask; 0: nowhere.
	KeepPort uint16
}

// Invalid is a setting whose value is not valid, and why.
type Invalid struct {
	Setting string `json:"setting"`
	// Value is empty when it may hold credentials, see IsSecret.
	Value  string `json:"value"`
	Reason string `json:"reason"`
	// Harmless: the capture goes on without it, see Stops.
	Harmless bool `json:"-"`
}
