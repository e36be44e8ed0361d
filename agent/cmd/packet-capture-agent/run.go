package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"packet-capture/agent/internal/agent"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/process"
	"packet-capture/agent/internal/version"
)

var runCommand = command{
	does: "capture the pod's packets by its settings, as the sidecar does",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: run takes no arguments")
			return usageError
		}
		if err := runAgent(std); err != nil {
			fmt.Fprintf(std.err, "packet-capture-agent: %v\n", err)
			return 1
		}
		return 0
	},
}

// garbagePercent is GOGC. The agent's own data are a few hundred kilobytes, and packets are not on the heap: a
// collection is rare, and takes some hundred microseconds.
const garbagePercent = 10

// processors is GOMAXPROCS: one for the loop, and one for everything else, so that a disk that stalls does not stall
// uploads. Set explicitly, because Go would otherwise check the container's limit for changes again and again.
const processors = 2

// lastWords is how long a reader may take for the last events.
const lastWords = time.Second

// runAgent returns after SIGTERM. It reports errors before that, and goes on.
func runAgent(std streams) error {
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
	a := agent.New(options)
	process.OnTerminate(func() { l.Post(a.Terminate) })
	a.Start()
	watchSettings(l, log, a.Take)
	err = l.Run()
	out.Close(lastWords)
	return err
}
