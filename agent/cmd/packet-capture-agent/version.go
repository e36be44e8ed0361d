package main

import (
	"fmt"

	"packet-capture/agent/internal/version"
)

var versionCommand = command{
	does: "print the version of this program",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: version takes no arguments")
			return usageError
		}
		fmt.Fprintln(std.out, version.Version)
		return 0
	},
}
