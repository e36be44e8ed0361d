package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

var statusCommand = command{
	does: "print what the running agent does, as one line of JSON",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: status takes no arguments")
			return usageError
		}
		file, err := os.Open(filepath.Join(agentDir(), "status.json"))
		if err != nil {
			return report(std, fmt.Errorf("there is no status: %w", err))
		}
		defer file.Close()
		_, err = io.Copy(std.out, file)
		return report(std, err)
	},
}
