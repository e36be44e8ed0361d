package mirror

import (
	"fmt"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/settings"
)

// tell writes what has changed.
func (m *Mirror) tell() {
	m.status.write(m.kernel.isActive())
}

func (m *Mirror) tellError(err error, retry time.Duration) {
	reason := words(err)
	if m.values["mirror"] != "" {
		reason = fmt.Sprintf("mirror to %s: %s", m.values["mirror"], reason)
	}
	members := []events.Member{{Name: "reason", Value: reason}}
	if retry > 0 {
		members = append(members, events.Member{Name: "retry", Value: fmt.Sprintf("%ds", int(retry.Seconds()))})
	}
	m.options.Log.Emit("error", members...)
}

func (m *Mirror) tellInvalid(one settings.Invalid) {
	m.options.Log.Emit("invalid setting",
		events.Member{Name: "setting", Value: one.Setting},
		events.Member{Name: "value", Value: one.Value},
		events.Member{Name: "reason", Value: one.Reason})
}
