package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/process"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/streamcapture"
)

// Exit codes that name the wrong option.
const (
	filterRefused    = 65
	interfaceRefused = 66
)

// afterEnd is how long the program may take to write its last output: a runtime whose connection is lost neither reads
// nor closes it.
const afterEnd = 3 * time.Second

// mostOrders is how many orders may wait, because a filter with names takes long.
const mostOrders = 64

var captureCommand = command{
	usage: "[--interfaces NAMES] [--snaplen BYTES] [--filter EXPRESSION] [--by USER] [--reason TEXT]",
	does:  "capture to standard output, in pcapng, until standard input ends or is silent for half a minute; a line there moves filter and snaplen",
	run:   runCapture,
}

// captureSettings are those that a capture to standard output takes.
var captureSettings = []string{"interfaces", "snaplen", "filter"}

func runCapture(args []string, std streams) int {
	values := settings.Values{}
	flags := flag.NewFlagSet("capture", flag.ContinueOnError)
	flags.SetOutput(std.err)
	for _, name := range captureSettings {
		row, _ := settings.Find(name)
		flags.Func(name, row.Text, func(value string) error {
			values[name] = value
			return nil
		})
	}
	asked := settings.Values{}
	flags.Func(settings.By, "who asks for the capture; with --reason it is written into its section header", note(asked, settings.By))
	flags.Func(settings.Reason, "why the capture is asked for; if neither is given, an attached agent's own are taken", note(asked, settings.Reason))
	if err := flags.Parse(args); err != nil {
		return usageError
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(std.err, "packet-capture-agent: capture takes no argument %q\n", flags.Arg(0))
		return usageError
	}
	wanted, refusal := parseCapture(values, os.LookupEnv)
	if refusal != nil {
		return refuse(std, refusal)
	}
	if err := process.Prepare(); err != nil {
		return refuse(std, err)
	}
	if err := clients.Register(agentDir()); err != nil {
		return refuse(std, err)
	}
	if len(asked) == 0 {
		// Not an error where nothing is attached: then there are none.
		asked, _ = settings.Read(attachedSettingsDir())
	}
	return captureTo(std, values, wanted, captureComment(wanted, asked))
}

// note takes By or Reason.
func note(to settings.Values, name string) func(string) error {
	return func(text string) error {
		if problem := settings.NoteProblem(text); problem != "" {
			return errors.New(problem)
		}
		to[name] = text
		return nil
	}
}

// captureComment is the comment of the section header: a JSON object like that of the files, as far as a capture
// to standard output has them. It is empty if it is not known who asks or why.
func captureComment(wanted settings.Settings, asked settings.Values) string {
	if asked[settings.By] == "" && asked[settings.Reason] == "" {
		return ""
	}
	members := []events.Member{{Name: "filter", Value: wanted.Filter}}
	for _, name := range []string{settings.By, settings.Reason} {
		if asked[name] != "" {
			members = append(members, events.Member{Name: name, Value: asked[name]})
		}
	}
	return string(events.Object(members...))
}

// parseCapture takes the container's environment, which whoever runs a command in it gets too: what the release has set
// holds where nothing is given, and what it has locked stays.
func parseCapture(given settings.Values, environment settings.Environment) (settings.Settings, *streamcapture.Refusal) {
	wanted, invalid := settings.ParseGiven(given, settings.PlatformOf(environment))
	for _, one := range invalid {
		if slices.Contains(captureSettings, one.Setting) {
			return wanted, &streamcapture.Refusal{Setting: one.Setting, Reason: one.Reason}
		}
	}
	return wanted, nil
}

func captureTo(std streams, given settings.Values, wanted settings.Settings, comment string) int {
	// The end may come before the capture has begun: a name lookup in the filter may take long.
	begun := make(chan *streamcapture.Capture, 1)
	end := func() {
		time.AfterFunc(afterEnd, func() { os.Exit(1) })
		(<-begun).End()
	}
	orders := make(chan []byte, mostOrders)
	input := &lineReader{Reader: std.in, take: func(line []byte) {
		select {
		case orders <- line:
		default:
			// Whoever sends so many does not wait for the answers.
		}
	}}
	process.WhenAlone(input, end)
	process.OnTerminate(end)
	c, err := streamcapture.New(context.Background(), streamcapture.Options{
		Interfaces: wanted.Interfaces, Snaplen: wanted.Snaplen, Filter: wanted.Filter,
		Comment: comment, AgentDir: agentDir(), Output: int(os.Stdout.Fd()), Compiler: &filter.Compiler{},
	})
	if err != nil {
		return refuse(std, err)
	}
	begun <- c
	go steer(c, given, orders, std.err)
	lost, err := c.Run()
	for _, one := range lost {
		// One line of JSON for each interface.
		_ = json.NewEncoder(std.err).Encode(one)
	}
	if err != nil {
		return refuse(std, err)
	}
	return 0
}

// refuse prints why nothing is captured, and returns the exit code.
func refuse(std streams, err error) int {
	fmt.Fprintf(std.err, "refused: %s\n", streamcapture.Reason(err))
	var refusal *streamcapture.Refusal
	switch {
	case !errors.As(err, &refusal):
		return 1
	case refusal.Setting == "interfaces":
		return interfaceRefused
	}
	return filterRefused
}
