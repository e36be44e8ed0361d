package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"packet-capture/agent/internal/agent"
	"packet-capture/agent/internal/attached"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/process"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/version"
)

var runCommand = command{
	usage: "[--attached [--ttl DURATION]]",
	does:  "capture the pod's packets by its settings: as the sidecar does, or in an ephemeral container",
	run: func(args []string, std streams) int {
		mode, err := parseRun(args, std.err)
		if err != nil {
			return usageError
		}
		return report(std, runAgent(std, mode))
	},
}

// runMode is how the agent runs.
type runMode struct {
	// attached: in an ephemeral container, where it ends after ttl by itself.
	attached bool
	ttl      time.Duration
}

// defaultTTL is how long an attached agent runs if nothing is set.
const defaultTTL = time.Hour

// parseRun prints an error before it returns it.
func parseRun(args []string, stderr io.Writer) (runMode, error) {
	mode := runMode{ttl: defaultTTL}
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&mode.attached, "attached", false, "run in an ephemeral container: wait for `set`, and end after --ttl")
	flags.Func("ttl", "time until an attached agent ends, 1h by default; `set` moves it", func(text string) error {
		d, reason := settings.ParseDuration(text)
		if reason == "" {
			mode.ttl = d
			return nil
		}
		return errors.New(reason)
	})
	if err := flags.Parse(args); err != nil {
		return mode, err
	}
	problem := ""
	flags.Visit(func(given *flag.Flag) {
		if given.Name == "ttl" && !mode.attached {
			problem = "run takes --ttl only with --attached"
		}
	})
	if flags.NArg() > 0 {
		problem = fmt.Sprintf("run takes no argument %q", flags.Arg(0))
	}
	if problem != "" {
		fmt.Fprintf(stderr, "packet-capture-agent: %s\n", problem)
		return mode, errors.New(problem)
	}
	return mode, nil
}

// garbagePercent is GOGC. The agent's own data are a few hundred kilobytes, and packets are not on the heap: a
// collection is rare, and takes some hundred microseconds.
const garbagePercent = 10

// processors is GOMAXPROCS: one for the loop, and one for everything else, so that a disk that stalls does not stall
// uploads. Set explicitly, because Go would otherwise check the container's limit for changes again and again.
const processors = 2

// lastWords is how long a reader may take for the last events.
const lastWords = time.Second

// runAgent returns after SIGTERM, or when the time of an attached agent is over. It reports errors before that, and goes
// on.
func runAgent(std streams, mode runMode) error {
	debug.SetGCPercent(garbagePercent)
	runtime.GOMAXPROCS(processors)
	if err := process.Prepare(); err != nil {
		return err
	}
	if os.Getpid() == 1 {
		process.ReapOrphans()
	}
	l, err := loop.New()
	if err != nil {
		return err
	}
	out := events.NewPatient(std.out)
	log := events.NewLog(out)
	options := agent.Options{Loop: l, Log: log, Version: version.Version, Compile: (&filter.Compiler{}).Compile}
	options.FromEnvironment(os.LookupEnv)
	if mode.attached {
		options.Attach(attachedSettingsDir(), os.LookupEnv)
		if err := attached.Create(options.SettingsDir, time.Now().Add(mode.ttl)); err != nil {
			return fmt.Errorf("cannot make the folder of the settings: %w", err)
		}
	}
	a := agent.New(options)
	process.OnTerminate(func() { l.Post(a.Terminate) })
	a.Start()
	watchSettings(l, log, options.SettingsDir, a.Take)
	err = l.Run()
	out.Close(lastWords)
	return err
}
