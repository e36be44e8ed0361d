package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"packet-capture/agent/internal/attached"
	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/settings"
)

// Exit codes of set: the request is refused, and there is no attached agent whose settings could be changed.
const (
	requestRefused = 65
	notAttached    = 66
)

var setCommand = command{
	does: "change the settings of an attached agent, by a JSON object on standard input, and print those in force",
	run: func(args []string, std streams) int {
		if len(args) > 0 {
			fmt.Fprintln(std.err, "packet-capture-agent: set takes no arguments")
			return usageError
		}
		values, err := set(std)
		if err != nil {
			return refuseSet(std, err)
		}
		printInForce(std, values)
		return 0
	},
}

func set(std streams) (settings.Values, error) {
	request, err := attached.ReadRequest(std.in)
	if err != nil {
		return nil, err
	}
	if err := clients.Register(agentDir()); err != nil {
		return nil, &attached.Error{Code: attached.Ending, Reason: err.Error()}
	}
	return attached.Set(attachedSettingsDir(), request, time.Now)
}

// printInForce prints the settings as the agent uses them, and By, Reason and Until.
func printInForce(std streams, values settings.Values) {
	platform := settings.AttachedPlatformOf(os.LookupEnv)
	inForce := platform.InForce(platform.Effective(values))
	var members []events.Member
	for _, setting := range settings.Table {
		members = append(members, events.Member{Name: setting.Name, Value: inForce[setting.Name]})
	}
	until, _ := settings.UntilOf(values)
	members = append(members,
		events.Member{Name: settings.By, Value: values[settings.By]},
		events.Member{Name: settings.Reason, Value: values[settings.Reason]},
		events.Member{Name: settings.Until, Value: events.Time(until)})
	fmt.Fprintf(std.out, "%s\n", events.Object(members...))
}

// refuseSet prints an error as one line of JSON, {code, setting, reason}, if it has a code, and returns the exit code.
func refuseSet(std streams, err error) int {
	var coded *attached.Error
	if !errors.As(err, &coded) {
		return report(std, err)
	}
	_ = json.NewEncoder(std.err).Encode(coded)
	switch coded.Code {
	case attached.UnknownSetting, attached.InvalidInput:
		return requestRefused
	case attached.NotAttached:
		return notAttached
	}
	return 1
}
