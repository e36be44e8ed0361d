// Package events writes the agent's events to standard output: one JSON object a line.
package events

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Member is a name and value in an event, after `time` and `event`.
type Member struct {
	Name string
	// Value is anything that encoding/json can encode.
	Value any
}

// Log writes events. Its methods may be called from any goroutine.
type Log struct {
	mu  sync.Mutex
	out io.Writer
	now func() time.Time
}

// NewLog writes events to out.
func NewLog(out io.Writer) *Log {
	return &Log{out: out, now: time.Now}
}

// Emit writes one event in one piece, its members in the order given. An error of the output is ignored: the capture
// goes on.
func (l *Log) Emit(event string, members ...Member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := Object(append([]Member{{"time", Time(l.now())}, {"event", event}}, members...)...)
	_, _ = l.out.Write(append(line, '\n'))
}

// EmitObject writes one event whose members are those of a value that is a JSON object.
func (l *Log) EmitObject(event string, value any) {
	l.Emit(event, Members(value)...)
}

// Members returns the members of a value that is a JSON object, in its order.
func Members(value any) []Member {
	var text bytes.Buffer
	write(&text, value)
	decoder := json.NewDecoder(&text)
	// The opening brace.
	_, _ = decoder.Token()
	var members []Member
	for decoder.More() {
		name, _ := decoder.Token()
		var raw json.RawMessage
		if decoder.Decode(&raw) != nil {
			break
		}
		members = append(members, Member{name.(string), raw})
	}
	return members
}

// Time formats a time for the agent's output: UTC, whole seconds.
func Time(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// Object is a JSON object, its members in the order given. `<` and `&` in texts are not escaped.
func Object(members ...Member) json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, member := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		write(&out, member.Name)
		out.WriteByte(':')
		write(&out, member.Value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func write(out *bytes.Buffer, value any) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		// A value that cannot be encoded is a mistake in this program.
		panic(err)
	}
	// The encoder ends each value with a newline.
	out.Truncate(out.Len() - 1)
}
