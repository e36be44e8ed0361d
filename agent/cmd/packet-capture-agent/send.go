package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/files"
	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/process"
)

// noteTime is how long sending the note of a keep may take.
const noteTime = 30 * time.Second

// fileVanished is the exit code for a file that does not exist: the ring has removed it.
const fileVanished = 66

var sendCommand = command{
	usage: "--list | [--offset BYTES] [--size BYTES] NAME",
	does:  "send a capture file: checksums of its first BYTES, and its content from --offset on",
	run:   runSend,
}

func runSend(args []string, std streams) int {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	flags.SetOutput(std.err)
	list := flags.Bool("list", false, "print the agent's status, and then size and name of each capture file")
	offset := flags.Int64("offset", 0, "bytes that the caller has already")
	size := flags.Int64("size", -1, "bytes of the file that are wanted; all of them by default")
	if err := flags.Parse(args); err != nil {
		return usageError
	}
	if *list != (flags.NArg() == 0) || flags.NArg() > 1 || *offset < 0 {
		fmt.Fprintln(std.err, "packet-capture-agent: send takes --list, or the name of one file")
		return usageError
	}
	if err := clients.Register(agentDir()); err != nil {
		return report(std, err)
	}
	if *list {
		return report(std, files.List(captureDir(), agentDir(), std.out))
	}
	// The output may never be read: a runtime whose connection is lost does not read it.
	if keep.IsNote(flags.Arg(0)) {
		// A note is short, and asked for like the list: without an input.
		time.AfterFunc(noteTime, func() { os.Exit(1) })
	} else {
		process.WhenAlone(std.in, func() { os.Exit(1) })
	}
	err := files.Send(captureDir(), flags.Arg(0), *offset, *size, std.out)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(std.err, "packet-capture-agent: %v\n", err)
		return fileVanished
	}
	return report(std, err)
}

// report prints an error, if there is one, and returns the exit code.
func report(std streams, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(std.err, "packet-capture-agent: %v\n", err)
	return 1
}
