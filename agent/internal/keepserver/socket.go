package keepserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/listen"
)

// Code says why a command's request was not done.
type Code string

// The codes.
const (
	// InvalidInput: the request is not what Input describes.
	InvalidInput Code = "INVALID_INPUT"
	// NotRunning: no agent runs in this container.
	NotRunning Code = "NOT_RUNNING"
	// Failed: the files cannot be kept.
	Failed Code = "FAILED"
)

// Error is why a command's request was not done.
type Error struct {
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
}

func (e *Error) Error() string { return e.Reason }

// Input is a request of a command: `last`, and `and` if there is to be something after now, or else `from` and `to`, in
// RFC 3339.
type Input struct {
	Last   string     `json:"last,omitempty"`
	And    string     `json:"and,omitempty"`
	From   *time.Time `json:"from,omitempty"`
	To     *time.Time `json:"to,omitempty"`
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by,omitempty"`
}

// answer is what comes back: one of both.
type answer struct {
	Note  *keep.Note `json:"note,omitempty"`
	Error *Error     `json:"error,omitempty"`
}

const (
	// mostInput is how many bytes a request may have.
	mostInput = 16 << 10
	// mostBy is how many bytes the name of a user may have.
	mostBy = 1 << 10
	// longest is how long a window may be.
	longest = 8760 * time.Hour
	// startTime is how long to wait for an agent that has just started.
	startTime = 2 * time.Second
	// lookEvery is the time between two looks for it.
	lookEvery = 20 * time.Millisecond
)

// ReadInput reads a JSON object. Its error is an *Error.
func ReadInput(from io.Reader) (Input, error) {
	var input Input
	decoder := json.NewDecoder(io.LimitReader(from, mostInput))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&input); err != nil {
		return input, &Error{InvalidInput, `must be a JSON object such as {"last":"10m","and":"2m","reason":"payment failed"}: ` + err.Error()}
	}
	_, err := input.request(time.Now())
	return input, err
}

// request is the request at a time.
func (i Input) request(now time.Time) (keep.Request, error) {
	var request keep.Request
	switch {
	case len(i.Reason) > mostReason || !utf8.ValidString(i.Reason):
		return request, &Error{InvalidInput, fmt.Sprintf("reason must be a text of at most %d bytes", mostReason)}
	case len(i.By) > mostBy || !utf8.ValidString(i.By):
		return request, &Error{InvalidInput, fmt.Sprintf("by must be a text of at most %d bytes", mostBy)}
	case (i.From != nil || i.To != nil) && (i.Last != "" || i.And != ""):
		return request, &Error{InvalidInput, "either last and and, or from and to"}
	case i.From != nil && i.To != nil:
		switch {
		case i.To.Before(*i.From):
			return request, &Error{InvalidInput, "to must not be before from"}
		case i.To.Sub(*i.From) > longest:
			return request, &Error{InvalidInput, "from and to must not be more than 8760h apart"}
		}
		request.From, request.To = *i.From, *i.To
	default:
		var reason string
		if request, reason = relative(now, i.Last, i.And); reason != "" {
			return request, &Error{InvalidInput, reason}
		}
	}
	request.Trigger, request.Reason, request.By = keep.Command, plain(i.Reason), plain(i.By)
	return request, nil
}

// SocketPath is the path of the socket.
func SocketPath(agentDir string) string { return filepath.Join(agentDir, "keep.sock") }

// ListenCommands answers commands on the socket in the agent's folder, to which no other container gets. close ends it.
func ListenCommands(agentDir string, ask Ask) (close func(), err error) {
	path := SocketPath(agentDir)
	unready := path + ".new"
	_ = os.Remove(unready)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: unready, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot listen for `packet-capture-agent keep`: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	// It gets its name when it listens, and replaces one of an earlier container.
	if err := os.Rename(unready, path); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot listen for `packet-capture-agent keep`: %w", err), listener.Close())
	}
	bounded := listen.Bound(listener, mostConnections)
	go func() {
		for {
			conn, err := bounded.Accept()
			if err != nil {
				return
			}
			go serveCommand(conn, ask)
		}
	}()
	return func() {
		_ = os.Remove(path)
		_ = listener.Close()
	}, nil
}

func serveCommand(conn net.Conn, ask Ask) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience + answerTime))
	input, err := ReadInput(conn)
	var request keep.Request
	if err == nil {
		request, err = input.request(time.Now())
	}
	var note *keep.Note
	if err == nil {
		note, err = ask(request)
	}
	var coded *Error
	if err != nil && !errors.As(err, &coded) {
		coded = &Error{Failed, err.Error()}
	}
	_ = json.NewEncoder(conn).Encode(answer{note, coded})
}

// Command asks the agent that runs in this container. Its error is an *Error.
func Command(agentDir string, input Input) (*keep.Note, error) {
	conn, err := dial(SocketPath(agentDir))
	if err != nil {
		return nil, &Error{NotRunning, "no agent runs here: " + err.Error()}
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience + answerTime))
	if err := json.NewEncoder(conn).Encode(input); err != nil {
		return nil, &Error{NotRunning, "the agent does not answer: " + err.Error()}
	}
	var got answer
	if err := json.NewDecoder(conn).Decode(&got); err != nil {
		return nil, &Error{NotRunning, "the agent does not answer: " + err.Error()}
	}
	if got.Error != nil {
		return nil, got.Error
	}
	return got.Note, nil
}

// dial waits for an agent that has just started.
func dial(path string) (net.Conn, error) {
	for begin := time.Now(); ; time.Sleep(lookEvery) {
		conn, err := net.Dial("unix", path)
		if err == nil || time.Since(begin) > startTime {
			return conn, err
		}
	}
}
