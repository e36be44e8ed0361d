package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// startTime is how long status waits for an agent that has just started. The kubelet calls a pod Ready as soon as its
// process exists, so who asks right after a rollout may be some milliseconds too early.
const startTime = 2 * time.Second

var statusCommand = command{
	does: "print what the running agent does, as one line of JSON",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: status takes no arguments")
			return usageError
		}
		file, err := openWithin(filepath.Join(agentDir(), "status.json"), startTime)
		if err != nil {
			return report(std, fmt.Errorf("there is no status: %w", err))
		}
		defer file.Close()
		_, err = io.Copy(std.out, file)
		return report(std, err)
	},
}

// openWithin opens a file that may not exist yet. It fails with fs.ErrNotExist when there is none after the limit.
func openWithin(path string, limit time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		file, err := os.Open(path)
		if !errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			return file, err
		}
	}
}
