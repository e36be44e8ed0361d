package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// report is what the machine prints before it ends: gzip of JSON, in base64, between two lines.
type report struct {
	lock    sync.Mutex
	started time.Time

	// Failed is why the scenario ended early.
	Failed string `json:"failed,omitempty"`
	// Kernel is its release and the kind of machine.
	Kernel string `json:"kernel"`
	// Took is when each part was done, in milliseconds since the first program began.
	Took map[string]int64 `json:"took"`
	// Events are the lines of the agent, Noise all of its standard error.
	Events   []string `json:"events"`
	Noise    string   `json:"noise"`
	ExitCode int      `json:"exitCode"`
	Version  string   `json:"version"`
	Status   string   `json:"status"`
	Metrics  string   `json:"metrics"`
	// Sent is the number of the last packet to each UDP port, without those after the stream was moved.
	Sent     int               `json:"sent"`
	Received map[int]int64     `json:"received"`
	Files    map[string][]byte `json:"files"`
	Stream   stream            `json:"stream"`
	// Tests are by packages of the agent.
	Tests map[string]result `json:"tests"`
}

// stream is what a capture to standard output gave.
type stream struct {
	Capture  []byte   `json:"capture"`
	Said     []string `json:"said"`
	ExitCode int      `json:"exitCode"`
}

// took notes when a part is done.
func (r *report) took(part string) {
	if r.Took == nil {
		r.Took = map[string]int64{}
	}
	r.Took[part] = time.Since(r.started).Milliseconds()
}

func (r *report) fail(err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if err != nil && r.Failed == "" {
		r.Failed = err.Error()
	}
}

// end prints the report, and switches the machine off.
func (r *report) end() {
	r.lock.Lock()
	var name syscall.Utsname
	if syscall.Uname(&name) == nil {
		r.Kernel = text(name.Release[:]) + " " + text(name.Machine[:])
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if err := json.NewEncoder(writer).Encode(r); err != nil {
		fmt.Println(err)
	}
	_ = writer.Close()
	lines := base64.StdEncoding.EncodeToString(packed.Bytes())
	fmt.Println("BEGIN REPORT")
	for ; len(lines) > 76; lines = lines[76:] {
		fmt.Println(lines[:76])
	}
	fmt.Println(lines)
	fmt.Println("END REPORT")
	_ = os.Stdout.Sync()
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	select {}
}

// text is a C string; its characters are signed on some machines.
func text[C int8 | uint8](characters []C) string {
	var builder strings.Builder
	for _, character := range characters {
		if character == 0 {
			break
		}
		builder.WriteByte(byte(character))
	}
	return builder.String()
}
