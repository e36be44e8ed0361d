package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/process"
)

// Exit codes of shells for a command that does not exist, and for one that cannot be started.
const (
	notFound   = 127
	notStarted = 126
)

var execCommand = command{
	usage: "COMMAND [ARGUMENT...]",
	does:  "run a command with the container's capabilities, such as NET_RAW",
	run: func(args []string, std streams) int {
		if len(args) == 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: exec takes a command")
			return usageError
		}
		path, err := exec.LookPath(args[0])
		if err != nil {
			report(std, err)
			return notFound
		}
		// By itself, Kubernetes gives a command in a non-root container no capability.
		if err := process.MakeAmbient(); err != nil {
			return report(std, err)
		}
		err = unix.Exec(path, args, os.Environ())
		report(std, fmt.Errorf("%s: %w", path, err))
		if errors.Is(err, unix.ENOENT) {
			return notFound
		}
		return notStarted
	},
}
