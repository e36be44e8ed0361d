package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"

	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/streamcapture"
)

// longestOrder is the most bytes of a line: a filter has 16,384 characters at most.
const longestOrder = 128 << 10

// order is a line of standard input while a capture runs: the settings to change, or none to be told the counters. An
// empty line is a sign of life alone.
type order struct {
	Filter  *string `json:"filter,omitempty"`
	Snaplen *string `json:"snaplen,omitempty"`
}

// answer is the line of standard error for an order, in the order of the orders.
type answer struct {
	// Refused says why nothing was changed.
	Refused *refused             `json:"refused,omitempty"`
	Counts  []streamcapture.Lost `json:"counts"`
}

type refused struct {
	Setting string `json:"setting,omitempty"`
	Reason  string `json:"reason"`
}

// lineReader passes its input on, and has `take` called with each line of it that is not empty. Lines that are too long
// are passed on alone.
type lineReader struct {
	io.Reader
	take func(line []byte)
	line []byte
	long bool
}

func (r *lineReader) Read(buffer []byte) (int, error) {
	n, err := r.Reader.Read(buffer)
	for rest := buffer[:n]; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		r.long = r.long || len(r.line)+len(part) > longestOrder
		if !r.long {
			r.line = append(r.line, part...)
		}
		if !ended {
			break
		}
		if line := bytes.TrimSpace(r.line); len(line) > 0 && !r.long {
			r.take(bytes.Clone(line))
		}
		r.line, r.long = r.line[:0], false
	}
	return n, err
}

// steer follows the orders until there are no more: those that the capture runs with are changed by each.
func steer(c *streamcapture.Capture, given settings.Values, orders <-chan []byte, out io.Writer) {
	values := maps.Clone(given)
	for line := range orders {
		var wanted order
		reply := answer{}
		if err := json.Unmarshal(line, &wanted); err != nil {
			reply.Refused = &refused{Reason: "not an order in JSON: " + err.Error()}
		} else if changed := wanted.on(values); wanted != (order{}) {
			if reply.Refused = change(c, changed); reply.Refused == nil {
				values = changed
			}
		}
		var err error
		if reply.Counts, err = c.Counts(); err != nil {
			return
		}
		_ = json.NewEncoder(out).Encode(reply)
	}
}

func (o order) on(values settings.Values) settings.Values {
	changed := maps.Clone(values)
	for name, value := range map[string]*string{"filter": o.Filter, "snaplen": o.Snaplen} {
		if value != nil {
			changed[name] = *value
		}
	}
	return changed
}

func change(c *streamcapture.Capture, values settings.Values) *refused {
	wanted, refusal := parseCapture(values, os.LookupEnv)
	if refusal != nil {
		return &refused{refusal.Setting, refusal.Reason}
	}
	err := c.Set(context.Background(), wanted.Filter, wanted.Snaplen)
	if errors.As(err, &refusal) {
		return &refused{refusal.Setting, refusal.Reason}
	}
	if err != nil {
		return &refused{Reason: err.Error()}
	}
	return nil
}
