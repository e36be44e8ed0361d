package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/mirror"
	"packet-capture/agent/internal/process"
	"packet-capture/agent/internal/settings"
)

var mirrorCommand = command{
	does: "have the kernel copy the pod's packets to a collector, by the pod's settings",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: mirror takes no arguments")
			return usageError
		}
		if err := runMirror(std); err != nil {
			fmt.Fprintf(std.err, "packet-capture-agent: %v\n", err)
			return 1
		}
		return 0
	},
}

// runMirror returns after SIGTERM. It reports errors before that, and goes on.
func runMirror(std streams) error {
	if err := process.Prepare(); err != nil {
		return err
	}
	// Without it, each try fails with the kernel's error, which is reported.
	_ = process.Raise(unix.CAP_NET_ADMIN)
	l, err := loop.New()
	if err != nil {
		return err
	}
	log := events.NewLog(std.out)
	compiler := &filter.Compiler{}
	m := mirror.New(l, mirror.Options{
		AgentDir: agentDir(),
		Platform: settings.PlatformOf(os.LookupEnv),
		Log:      log,
		Compile: func(ctx context.Context, expression string) (filter.Program, error) {
			return compiler.Compile(ctx, expression, "", filter.Ethernet)
		},
	})
	process.OnTerminate(func() { l.Post(m.Terminate) })
	m.Start()
	if err := mirror.Watch(l, m.Changed); err != nil {
		log.Emit("error", events.Member{Name: "reason", Value: err.Error()})
	}
	watchSettings(l, log, settingsDir(), m.Take)
	return l.Run()
}

// watchSettings tries again until it succeeds.
func watchSettings(l *loop.Loop, log *events.Log, dir string, take func(settings.Values)) {
	err := settings.Watch(l, dir, take)
	if err == nil {
		return
	}
	log.Emit("error", events.Member{Name: "reason", Value: err.Error()}, events.Member{Name: "retry", Value: "30s"})
	l.After(30*time.Second, func() { watchSettings(l, log, dir, take) })
}
