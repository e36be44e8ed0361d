// Command packet-capture-agent is the program in the pod. Each of its subcommands is something that somebody starts: the
// kubelet, the command line by way of `kubectl exec`, or a person.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// streams are where a command reads and writes, so that tests can give it others.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one word after the program's name.
type command struct {
	// usage is what may follow the name.
	usage string
	// does says what for, in one line.
	does string
	// run gets what follows the name and returns the exit code: 0 done, 1 failed, 2 wrong usage.
	run func(args []string, std streams) int
}

// usageError is the exit code for arguments that are not understood.
const usageError = 2

// commands by name. Each stands in a file of its own.
func commands() map[string]command {
	return map[string]command{
		"capture": captureCommand,
		"exec":    execCommand,
		"mirror":  mirrorCommand,
		"send":    sendCommand,
		"status":  statusCommand,
		"run":     runCommand,
		"version": versionCommand,
	}
}

func main() {
	os.Exit(dispatch(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// dispatch runs the command that the first argument names.
func dispatch(args []string, std streams) int {
	if len(args) == 0 {
		printUsage(std.err)
		return usageError
	}
	name := args[0]
	switch name {
	case "--version", "-v":
		name = "version"
	case "--help", "-h", "help":
		printUsage(std.out)
		return 0
	}
	found, ok := commands()[name]
	if !ok {
		fmt.Fprintf(std.err, "packet-capture-agent: unknown command %q\n", name)
		printUsage(std.err)
		return usageError
	}
	return found.run(args[1:], std)
}

func printUsage(w io.Writer) {
	fmt.Fprintln(w, "usage: packet-capture-agent COMMAND")
	all := commands()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		words := name
		if all[name].usage != "" {
			words += " " + all[name].usage
		}
		fmt.Fprintf(w, "  %-28s %s\n", words, all[name].does)
	}
}
