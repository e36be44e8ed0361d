package settings

import "strings"

// Platform is what the release says beside the settings: how large things may be, where packets may go, and what the
// pod's annotations may change. It comes from the environment of the container, which nobody can change in a running pod.
type Platform struct {
	// Defaults are the release's settings, under the annotations. Every name of the table is there.
	Defaults Values
	// SizeLimit is the size of the volume of the files as a quantity; empty when it is not known.
	SizeLimit string
	// BufferLimit is the largest buffer-size in bytes.
	BufferLimit int64
	// AllowedSettings are those that annotations may change; nil allows all, and so does `*`.
	AllowedSettings []string
	// AllowedStreams, AllowedMirrors and AllowedUploads are patterns of destinations, see allowsEndpoint and allowsUpload;
	// nil allows all, and so does `*`. The release's own default is always allowed.
	AllowedStreams []string
	AllowedMirrors []string
	AllowedUploads []string
}

// Environment is what os.LookupEnv is.
type Environment func(name string) (string, bool)

// PlatformOf reads it from the environment: the variables that src/sidecar (TypeScript) writes.
func PlatformOf(environment Environment) Platform {
	p := Platform{
		Defaults:        Values{},
		BufferLimit:     DefaultBufferLimit,
		AllowedSettings: listOf(environment, "PACKET_CAPTURE_ALLOWED_SETTINGS"),
		AllowedStreams:  listOf(environment, "PACKET_CAPTURE_ALLOWED_STREAMS"),
		AllowedMirrors:  listOf(environment, "PACKET_CAPTURE_ALLOWED_MIRRORS"),
		AllowedUploads:  listOf(environment, "PACKET_CAPTURE_ALLOWED_UPLOADS"),
	}
	p.SizeLimit, _ = environment("PACKET_CAPTURE_SIZE_LIMIT")
	if text, _ := environment("PACKET_CAPTURE_BUFFER_LIMIT"); text != "" {
		if bytes, ok := ParseQuantity(text); ok {
			p.BufferLimit = min(bytes, LargestBufferLimit)
		}
	}
	for _, setting := range Table {
		value, _ := environment(setting.Environment)
		if value == "" {
			value = setting.Default
		}
		p.Defaults[setting.Name] = value
	}
	return p
}

// listOf is nil for a variable that is not set, and empty for one that is set to nothing.
func listOf(environment Environment, name string) []string {
	text, set := environment(name)
	if !set {
		return nil
	}
	return strings.Fields(text)
}

// Effective are the values that count: the annotation, else the release's default. Every name of the table is there.
func (p Platform) Effective(annotations Values) Values {
	values := make(Values, len(Table))
	for _, setting := range Table {
		value := annotations[setting.Name]
		if value == "" {
			value = p.defaultOf(setting.Name)
		}
		values[setting.Name] = value
	}
	return values
}

// defaultOf is the release's, else the table's.
func (p Platform) defaultOf(name string) string {
	if value := p.Defaults[name]; value != "" {
		return value
	}
	setting, _ := Find(name)
	return setting.Default
}

// Find is the row of a setting.
func Find(name string) (Setting, bool) {
	for _, setting := range Table {
		if setting.Name == name {
			return setting, true
		}
	}
	return Setting{}, false
}
