package push

import (
	"context"
	"net"

	"packet-capture/agent/internal/loop"
)

// State is the state of a push.
type State string

// The states, as in status.json.
const (
	Connected  State = "connected"
	Connecting State = "connecting"
	Idle       State = "idle"
)

// Status is the member `stream` of status.json. Numbers count since the container started.
type Status struct {
	To          string `json:"to"`
	State       State  `json:"state"`
	Connections uint64 `json:"connections"`
	Packets     uint64 `json:"packets"`
	Dropped     uint64 `json:"dropped"`
	// LastError is why there is no connection; empty while there is one.
	LastError string `json:"lastError,omitempty"`
}

// ConnectedEvent holds the members of the event `stream connected`.
type ConnectedEvent struct {
	To         string   `json:"to"`
	Interfaces []string `json:"interfaces"`
}

// ClosedEvent holds the members of the event `stream closed`.
type ClosedEvent struct {
	To      string `json:"to"`
	Packets uint64 `json:"packets"`
	Dropped uint64 `json:"dropped"`
}

// ErrorEvent holds the members of an event `error` of a push.
type ErrorEvent struct {
	Reason string `json:"reason"`
	Retry  string `json:"retry"`
}

// Options configure a Push. All functions except Dial are called on the loop.
type Options struct {
	Loop *loop.Loop
	// Dial makes a connection that no capture holds: DialContext of a traffic.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Emit writes an event: `stream connected`, `stream closed` or `error`, with its members.
	Emit func(event string, members any)
	// Header returns the beginning of a connection: a section header and the descriptions of all interfaces, to which
	// the packets of later Writes refer; and the names of the interfaces.
	Header func() (header []byte, interfaces []string)
	// Changed is called when State or LastError of Status have changed.
	Changed func()
}
