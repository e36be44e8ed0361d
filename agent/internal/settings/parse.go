package settings

// Parse translates the values, and returns those that are not valid. While an invalid setting Stops, nothing is
// captured; the capture goes on without the others. The result has the zero value for an invalid setting, or the
// release's default if only the platform does not allow the value.
func Parse(v Values, p Platform) (Settings, []Invalid) {
	parser := parser{values: v, platform: p}
	s := parser.parse()
	return s, parser.invalid
}

// ParseGiven is Parse for values that somebody has written down for this one time: one that is empty is empty, or the
// table's default, and not the release's. What the release has locked stays locked.
func ParseGiven(v Values, p Platform) (Settings, []Invalid) {
	parser := parser{values: v, platform: p, given: true}
	s := parser.parse()
	return s, parser.invalid
}

type parser struct {
	values   Values
	platform Platform
	invalid  []Invalid
	// given: a value that is there counts, even if it is empty.
	given bool
}

func (p *parser) parse() Settings {
	var s Settings
	s.Idle = take(p, "state", checkState)
	s.Filter = take(p, "filter", checkFilter)
	s.Interfaces = take(p, "interfaces", checkInterfaces)
	s.Snaplen = take(p, "snaplen", checkSnaplen)
	s.FileSize = take(p, "file-size", func(text string) (int64, string) { return checkBytes(text, 0) })
	s.FileCount = int(take(p, "file-count", checkCount))
	s.Rotate = take(p, "rotate", checkDuration)
	s.Duration = take(p, "duration", checkDuration)
	s.PacketCount = take(p, "packet-count", checkCount)
	s.BufferSize = take(p, "buffer-size", func(text string) (int64, string) { return checkBytes(text, p.platform.bufferLimit()) })
	if !Stopped(p.invalid) {
		p.checkRing(s)
	}
	s.Upload = take(p, "upload", func(text string) (string, string) { return text, checkUpload(text) })
	s.Stream = take(p, "stream", checkStream)
	s.Mirror = take(p, "mirror", checkMirror)
	s.Keep = take(p, "keep", CheckKeep)
	s.KeepSize = take(p, "keep-size", func(text string) (int64, string) { return checkBytes(text, 0) })
	s.KeepOnExit = take(p, "keep-on-exit", checkDuration)
	s.KeepPort = take(p, "keep-port", checkPort)
	return s
}

func (p Platform) bufferLimit() int64 {
	if p.BufferLimit == 0 {
		return DefaultBufferLimit
	}
	return min(p.BufferLimit, LargestBufferLimit)
}

// take checks a setting, also against the platform. A locked setting keeps the release's value, so that an annotation
// has no effect; a destination that is not allowed is left out.
func take[T any](p *parser, name string, check func(string) (T, string)) T {
	var zero T
	value := p.value(name)
	if value != p.platform.defaultOf(name) && p.platform.isLocked(name) {
		p.add(Invalid{Setting: name, Value: value, Reason: p.platform.refusal(name, value), Harmless: true})
		value = p.platform.defaultOf(name)
	}
	meaning, reason := check(value)
	if reason == noReason {
		reason = p.platform.refusal(name, value)
	}
	if reason == noReason {
		return meaning
	}
	p.add(Invalid{Setting: name, Value: value, Reason: reason, Harmless: isHarmless(name)})
	return zero
}

// IsSecret reports whether a value must not be shown: destinations of rclone and URLs can hold credentials. A valid
// value has none.
func IsSecret(name, value string) bool { return name == "upload" && checkUpload(value) != noReason }

// value is the effective value of a setting.
func (p *parser) value(name string) string {
	value, there := p.values[name]
	switch {
	case value != "":
		return value
	case there && p.given:
		setting, _ := Find(name)
		return setting.Default
	}
	return p.platform.defaultOf(name)
}

// isHarmless reports whether the capture goes on without the setting if it is invalid.
func isHarmless(name string) bool {
	setting, ok := Find(name)
	return ok && (setting.Destination || setting.Harmless)
}

func (p *parser) add(invalid Invalid) {
	if IsSecret(invalid.Setting, invalid.Value) {
		invalid.Value = ""
	}
	p.invalid = append(p.invalid, invalid)
}

// Stops reports whether nothing is captured while this setting is invalid.
func (i Invalid) Stops() bool { return !i.Harmless }

// Stopped reports whether one of them stops the capture.
func Stopped(invalid []Invalid) bool {
	for _, one := range invalid {
		if one.Stops() {
			return true
		}
	}
	return false
}
