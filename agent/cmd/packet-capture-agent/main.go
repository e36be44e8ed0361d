// Command packet-capture-agent is the program in the pod. The kubelet, the command line (by `kubectl exec`) or a person
// start one of its subcommands.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"packet-capture/agent/internal/process"
)

// streams are a command's standard input and outputs; tests replace them.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one word after the program's name.
type command struct {
	// usage names the arguments.
	usage string
	// does describes the command in one line.
	does string
	// run gets the arguments and returns the exit code: 0 done, 1 failed, 2 wrong usage.
	run func(args []string, std streams) int
}

// usageError is the exit code for wrong arguments.
const usageError = 2

// commands returns the commands by name. Each has a file of its own.
func commands() map[string]command {
	return map[string]command{
		"capture": captureCommand,
		"exec":    execCommand,
		"keep":    keepCommand,
		"mirror":  mirrorCommand,
		"send":    sendCommand,
		"set":     setCommand,
		"status":  statusCommand,
		"run":     runCommand,
		"version": versionCommand,
	}
}

func main() {
	// In a pod that shares its process namespace an app could read captures by way of one that hands them over.
	if err := process.Hide(); err != nil {
		fmt.Fprintf(os.Stderr, "packet-capture-agent: %v\n", err)
		os.Exit(1)
	}
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
