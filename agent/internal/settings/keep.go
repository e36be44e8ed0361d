package settings

import (
	"strconv"
	"strings"
	"time"
)

// CheckKeep takes an empty text, `DURATION[ REASON]` or `FROM/TO[ REASON]`; as keepProblem in src/settings/keepSetting.ts.
func CheckKeep(text string) (*Keep, string) {
	if text == "" {
		return nil, noReason
	}
	window, rest, _ := strings.Cut(text, " ")
	keep := &Keep{Reason: strings.TrimFunc(rest, isWhiteSpace)}
	if reason := keep.setWindow(window); reason != noReason {
		return nil, reason
	}
	if characters(keep.Reason) > longestReason {
		return nil, "must have a reason of at most " + strconv.Itoa(longestReason) + " characters"
	}
	keep.Reason = strings.Map(foldControl, keep.Reason)
	return keep, noReason
}

const (
	someTimes   = "two times such as 2026-11-22T18:00:00Z/2026-11-22T18:10:00Z"
	wrongLength = "must be from 1s to 8760h"
)

func (k *Keep) setWindow(window string) (reason string) {
	from, to, isWindow := strings.Cut(window, "/")
	if !isWindow {
		seconds, ok := parseSeconds(window)
		switch {
		case !ok:
			return "must begin with a duration such as 10m, or with " + someTimes
		case seconds < 1 || seconds > mostSeconds:
			return wrongLength
		}
		k.Last = time.Duration(seconds) * time.Second
		return noReason
	}
	var ok, too bool
	k.From, ok = parseTime(from)
	k.To, too = parseTime(to)
	switch {
	case !ok || !too:
		return "must begin with " + someTimes
	case k.To.Before(k.From):
		return "must not end before it begins"
	case k.To.Sub(k.From) > mostSeconds*time.Second:
		return wrongLength
	}
	return noReason
}

// parseTime takes a time of RFC 3339 from 1970 on, with at most nine digits of a second.
func parseTime(text string) (time.Time, bool) {
	// Go reads more than the RFC allows: one digit of the hour, a comma, any number of digits, any offset.
	const shape = "0000-00-00T00:00:00"
	if len(text) <= len(shape) {
		return time.Time{}, false
	}
	for i := range len(shape) {
		if shape[i] == '0' && !isDigit(text[i]) || shape[i] != '0' && text[i] != shape[i] {
			return time.Time{}, false
		}
	}
	zone := text[len(shape):]
	if fraction, ok := strings.CutPrefix(zone, "."); ok {
		digits := leadingDigits(fraction)
		if digits == 0 || digits > 9 {
			return time.Time{}, false
		}
		zone = fraction[digits:]
	}
	if zone != "Z" && !isOffset(zone) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil && text >= "1970"
}

// isOffset reports whether a text is one of -23:59 to +23:59.
func isOffset(text string) bool {
	if len(text) != len("+00:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return false
	}
	hours, minutes := text[1:3], text[4:]
	return every(hours+minutes, isDigit) && hours < "24" && minutes < "60"
}
