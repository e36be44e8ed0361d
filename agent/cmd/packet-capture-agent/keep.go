package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/keepserver"
)

// notRunning is the exit code of keep when no agent runs in the container.
const notRunning = 66

var keepCommand = command{
	does: "keep the files of a time window, by a JSON object on standard input, and print their keep.json",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: keep takes no arguments")
			return usageError
		}
		note, err := runKeep(std)
		if err == nil {
			encoder := json.NewEncoder(std.out)
			encoder.SetEscapeHTML(false)
			return report(std, encoder.Encode(note))
		}
		var coded *keepserver.Error
		if !errors.As(err, &coded) {
			return report(std, err)
		}
		_ = json.NewEncoder(std.err).Encode(coded)
		switch coded.Code {
		case keepserver.InvalidInput:
			return requestRefused
		case keepserver.NotRunning:
			return notRunning
		}
		return 1
	},
}

func runKeep(std streams) (*keep.Note, error) {
	input, err := keepserver.ReadInput(std.in)
	if err != nil {
		return nil, err
	}
	if err := clients.Register(agentDir()); err != nil {
		return nil, &keepserver.Error{Code: keepserver.NotRunning, Reason: err.Error()}
	}
	return keepserver.Command(agentDir(), input)
}
