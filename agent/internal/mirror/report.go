package mirror

import (
	"fmt"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/settings"
)

// writeStatus writes the status if anything in it has changed; status.write says how often.
func (m *Mirror) writeStatus() {
	m.status.write(m.kernel.isActive())
}

// reportError reports an error; retry is 0 when nothing is tried again.
func (m *Mirror) reportError(err error, retry time.Duration) {
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

// reportInvalid reports an invalid setting.
func (m *Mirror) reportInvalid(one settings.Invalid) {
	m.options.Log.Emit("invalid setting",
		events.Member{Name: "setting", Value: one.Setting},
		events.Member{Name: "value", Value: one.Value},
		events.Member{Name: "reason", Value: one.Reason})
}
