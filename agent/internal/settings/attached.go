package settings

import (
	"iter"
	"strconv"
	"time"
	"unicode/utf8"
)

// Names of what an attached agent's folder holds next to the settings; a volume of the kubelet's has none of it.
const (
	// By is the user who asked for the settings, and Reason why, in the user's own words.
	By     = "by"
	Reason = "reason"
	// Until is when the agent ends, see FormatUntil.
	Until = "until"
)

// notes are the names of what is no setting.
var notes = []string{By, Reason, Until}

// names are all names of files in a folder of settings.
func names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, setting := range Table {
			if !yield(setting.Name) {
				return
			}
		}
		for _, name := range notes {
			if !yield(name) {
				return
			}
		}
	}
}

// NoteProblem is why a text cannot be By or Reason; empty if it can.
func NoteProblem(text string) string {
	if len(text) > longestNote || !utf8.ValidString(text) {
		return "must be a text of at most " + strconv.Itoa(longestNote) + " bytes"
	}
	return noReason
}

// FormatUntil writes the value of Until: RFC 3339 in UTC.
func FormatUntil(until time.Time) string { return until.UTC().Format(time.RFC3339Nano) }

// UntilOf reads Until; false if there is none, as in a volume of the kubelet's.
func UntilOf(values Values) (time.Time, bool) {
	until, err := time.Parse(time.RFC3339Nano, values[Until])
	return until, err == nil
}

// ParseDuration reads a duration as the settings have it, from 1s to 8760h. reason is why it is not valid, else empty.
func ParseDuration(text string) (d time.Duration, reason string) {
	if text == "" {
		text = "0s"
	}
	return checkDuration(text)
}

// attachedReason is the reason of a setting that an attached agent cannot have.
const attachedReason = "not available when attached"

// AttachedPlatformOf is PlatformOf for an attached agent.
func AttachedPlatformOf(environment Environment) Platform {
	p := PlatformOf(environment)
	p.Attached = true
	for name, value := range attachedDefaults {
		setting, _ := Find(name)
		if given, _ := environment(setting.Environment); given == "" {
			p.Defaults[name] = value
		}
	}
	return p
}
