package agent

import (
	"encoding/json"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/settings"
)

// settingChange is one of a `settings changed`.
type settingChange struct {
	Setting string `json:"setting"`
	Old     string `json:"old"`
	New     string `json:"new"`
}

// differences are those that the capture follows: without actions, which are no state.
func (a *Agent) differences(values settings.Values) []settingChange {
	changes := []settingChange{}
	for _, row := range settings.Table {
		if before, now := a.values[row.Name], values[row.Name]; before != now && !row.Action {
			changes = append(changes, settingChange{row.Name, before, now})
		}
	}
	return changes
}

// settingsObject is a JSON object of all settings but actions, and of what is to follow them.
func settingsObject(values settings.Values, more ...events.Member) json.RawMessage {
	return objectOf(values, func(row settings.Setting) bool { return !row.Action }, more...)
}

// allSettingsObject is a JSON object of all settings.
func allSettingsObject(values settings.Values) json.RawMessage {
	return objectOf(values, func(settings.Setting) bool { return true })
}

func objectOf(values settings.Values, has func(settings.Setting) bool, more ...events.Member) json.RawMessage {
	var members []events.Member
	for _, row := range settings.Table {
		if !has(row) {
			continue
		}
		members = append(members, events.Member{Name: row.Name, Value: values[row.Name]})
	}
	return events.Object(append(members, more...)...)
}
