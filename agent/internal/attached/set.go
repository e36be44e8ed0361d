// Package attached changes the settings of an attached agent: an agent in an ephemeral container, which has no volume of
// the kubelet's. They are in a folder of its own (settings.Write), which `packet-capture-agent set` changes.
package attached

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/settings"
)

// Code says what is wrong with a request.
type Code string

// The codes.
const (
	// UnknownSetting: there is no setting with that name.
	UnknownSetting Code = "UNKNOWN_SETTING"
	// InvalidInput: the request is not a JSON object of texts, or one of them is too long, or ttl is not a duration.
	InvalidInput Code = "INVALID_INPUT"
	// NotAttached: the container's settings are in a volume of the kubelet's, or there are none.
	NotAttached Code = "NOT_ATTACHED"
	// DiskFull: there is no room for the settings. The previous ones stay.
	DiskFull Code = "DISK_FULL"
	// Ending: the agent's time is over.
	Ending Code = "ENDING"
	// Busy: other commands change the settings all the time.
	Busy Code = "BUSY"
)

// Error says why nothing was changed.
type Error struct {
	Code Code `json:"code"`
	// Setting is the name that the error is about; empty: about none.
	Setting string `json:"setting,omitempty"`
	Reason  string `json:"reason"`
}

func (e *Error) Error() string { return e.Reason }

const (
	// mostInput is more bytes than all settings may have together: the API server's limit for annotations.
	mostInput = 1 << 18
	// startTime is how long to wait for an agent that has just started.
	startTime = 2 * time.Second
	// patience is how long to wait for other commands that change the settings.
	patience = 10 * time.Second
	// pause is the time between two looks for it.
	pause = 5 * time.Millisecond
)

// ttl is the name of the value that moves the end of the agent. It is not a setting: it counts from the request on.
const ttl = "ttl"

// Request is what `set` is asked for: values by name; an empty one stands for the default.
type Request map[string]string

// ReadRequest reads a JSON object whose values are texts, or null for the default, and checks its names. Its error is an
// *Error.
func ReadRequest(from io.Reader) (Request, error) {
	text, err := io.ReadAll(io.LimitReader(from, mostInput+1))
	if err != nil {
		return nil, &Error{Code: InvalidInput, Reason: "cannot read standard input: " + err.Error()}
	}
	if len(text) > mostInput {
		return nil, &Error{Code: InvalidInput, Reason: fmt.Sprintf("must have at most %d bytes", mostInput)}
	}
	var values map[string]*string
	if err := json.Unmarshal(text, &values); err != nil || values == nil {
		return nil, &Error{Code: InvalidInput, Reason: `must be a JSON object of texts, such as {"filter":"port 80","ttl":"1h"}`}
	}
	request := Request{}
	for name, value := range values {
		if value == nil {
			value = new(string)
		}
		if err := check(name, *value); err != nil {
			return nil, err
		}
		request[name] = *value
	}
	return request, nil
}

// check checks a name, and a value as far as the agent does not check it: it reports an invalid setting in its status, as
// one of an annotation.
func check(name, value string) error {
	switch name {
	case ttl:
		if _, problem := settings.ParseDuration(value); problem != "" {
			return &Error{InvalidInput, ttl, "ttl " + problem}
		}
	case settings.By, settings.Reason:
		if problem := settings.NoteProblem(value); problem != "" {
			return &Error{InvalidInput, name, name + " " + problem}
		}
	default:
		if _, known := settings.Find(name); !known {
			return &Error{UnknownSetting, name, fmt.Sprintf("there is no setting %q", name)}
		}
	}
	return nil
}

// Create makes the folder of an attached agent's settings, with none set, for an agent that ends at a time.
func Create(dir string, until time.Time) error {
	if err := settings.Write(dir, withNames(settings.Values{settings.Until: settings.FormatUntil(until)})); err != nil {
		return err
	}
	keepRoom(dir)
	return nil
}

// room is a file that takes as much of the disk as the settings may need, so that a capture that has filled the disk can
// still be stopped. A page or a block for each of them, and some for folders.
const room, roomBytes = "..room", 128 << 10

// keepRoom makes the file, unless it is there. Without it the settings can be changed as long as the disk is not full.
func keepRoom(dir string) {
	path := filepath.Join(dir, room)
	if info, err := os.Stat(path); err == nil && info.Size() == roomBytes {
		return
	}
	// Not zeros, which some file systems do not store.
	if err := os.WriteFile(path, bytes.Repeat([]byte{0xa5}, roomBytes), 0o600); err != nil {
		_ = os.Remove(path)
	}
}

// write writes the settings, when the disk is full into the room that was kept for them.
func write(dir string, values settings.Values) error {
	err := settings.Write(dir, values)
	if isFull(err) && os.Remove(filepath.Join(dir, room)) == nil {
		err = settings.Write(dir, values)
	}
	keepRoom(dir)
	return err
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// Set changes the settings in a folder in one step, and returns all values of it. Other settings stay.
// It waits for other changes; none is lost. Its error is an *Error.
func Set(dir string, request Request, now func() time.Time) (settings.Values, error) {
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	values, err := settings.Read(dir)
	if err != nil {
		return nil, &Error{Code: NotAttached, Reason: err.Error()}
	}
	if _, attached := settings.UntilOf(values); !attached {
		return nil, &Error{Code: NotAttached, Reason: "this agent takes its settings from the pod's annotations"}
	}
	for name, value := range request {
		if name == ttl {
			d, _ := settings.ParseDuration(value)
			name, value = settings.Until, settings.FormatUntil(now().Add(d))
		}
		values[name] = value
	}
	err = write(dir, values)
	switch {
	case isFull(err):
		return nil, &Error{Code: DiskFull, Reason: "the disk is full: " + err.Error()}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return nil, &Error{Code: NotAttached, Reason: "this agent takes its settings from the pod's annotations: " + err.Error()}
	case err != nil:
		return nil, err
	}
	return values, nil
}

// lock waits until nobody else changes the settings in the folder, which an agent that has just started may be about to
// make.
func lock(dir string) (unlock func(), err error) {
	folder, err := openReady(dir)
	if err != nil {
		return nil, &Error{Code: NotAttached, Reason: "no attached agent runs here: " + err.Error()}
	}
	locked := make(chan struct{})
	go func() {
		for errors.Is(unix.Flock(folder, unix.LOCK_EX), unix.EINTR) {
		}
		close(locked)
	}()
	select {
	case <-locked:
		return func() { _ = unix.Close(folder) }, nil
	case <-time.After(patience):
		return nil, &Error{Code: Busy, Reason: "others change the settings all the time"}
	}
}

// openReady opens the folder when it has a version.
func openReady(dir string) (int, error) {
	for begin := time.Now(); ; time.Sleep(pause) {
		if err := unix.Access(filepath.Join(dir, "..data"), unix.F_OK); err == nil || time.Since(begin) > startTime {
			if err != nil {
				return 0, fmt.Errorf("%s: %w", dir, err)
			}
			return unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
	}
}

// withNames adds the names that are missing, without a value.
func withNames(values settings.Values) settings.Values {
	for _, setting := range settings.Table {
		if _, there := values[setting.Name]; !there {
			values[setting.Name] = ""
		}
	}
	return values
}
