package agent

import (
	"slices"

	"packet-capture/agent/internal/keepserver"
	"packet-capture/agent/internal/settings"
)

// takeKeep takes another value of the setting `keep`, which is an action: it changes nothing else.
func (a *Agent) takeKeep(value string) {
	set, invalid := settings.Parse(a.values, a.options.Platform)
	a.invalid = slices.DeleteFunc(slices.Clone(a.invalid), func(i settings.Invalid) bool { return i.Setting == "keep" })
	for _, one := range invalid {
		if one.Setting == "keep" {
			a.invalid = append(a.invalid, one)
			a.emitObject("invalid setting", one)
		}
	}
	a.report.changed()
	a.keeper.take(value, set.Keep)
}

// listenForKeep answers `packet-capture-agent keep`. The volume may become writable later.
func (a *Agent) listenForKeep() {
	end, err := keepserver.ListenCommands(a.options.AgentDir, a.keeper.Ask)
	if err == nil {
		a.endKeepSocket = end
		return
	}
	a.loop.After(hubRetry, func() {
		if !a.terminating {
			a.listenForKeep()
		}
	})
}
