package settings

import "strings"

// Platform holds the release's bounds for the settings: sizes, allowed destinations, and which settings annotations may
// change. It comes from the container's environment, which cannot be changed in a running pod.
type Platform struct {
	// Defaults are the release's settings, which annotations override. Every name of the table is there.
	Defaults Values
	// SizeLimit is the size of the volume of the files as a quantity; empty when it is not known.
	SizeLimit string
	// BufferLimit is the largest buffer-size in bytes.
	BufferLimit int64
	// AllowedSettings are those that annotations may change; nil allows all, and so does `*`.
	AllowedSettings []string
	// AllowedDestinations are patterns by setting, see matching; a setting without an entry may have every destination,
	// and so may one with `*`. The release's own default is always allowed.
	AllowedDestinations map[string][]string
	// Attached: the agent runs in an ephemeral container, without volumes, see AttachedPlatformOf.
	Attached bool
}

// Environment has the form of os.LookupEnv.
type Environment func(name string) (string, bool)

// PlatformOf reads the platform from the container's environment variables, see the table.
func PlatformOf(environment Environment) Platform {
	p := Platform{
		Defaults:            Values{},
		BufferLimit:         DefaultBufferLimit,
		AllowedDestinations: map[string][]string{},
	}
	for _, list := range AllowedLists {
		items, set := listOf(environment, list.Environment)
		switch {
		case !set:
		case list.Setting == "":
			p.AllowedSettings = items
		default:
			p.AllowedDestinations[list.Setting] = items
		}
	}
	p.SizeLimit, _ = environment(SizeLimitVariable)
	if text, _ := environment(BufferLimitVariable); text != "" {
		if bytes, ok := ParseQuantity(text); ok {
			p.BufferLimit = min(bytes, LargestBufferLimit)
		}
	}
	for _, setting := range Table {
		value, _ := environment(setting.Environment)
		if value == "" || setting.Action {
			value = setting.Default
		}
		p.Defaults[setting.Name] = value
	}
	return p
}

// listOf returns the items of a variable, and whether it is set. The list is empty, and not nil, for an empty variable.
func listOf(environment Environment, name string) (items []string, set bool) {
	text, set := environment(name)
	return append([]string{}, strings.Fields(text)...), set
}

// Effective returns the effective values: the annotation, or else the release's default. Every name of the table is
// there.
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

// InForce returns effective values as they are used: annotations of locked settings do not count. Parse needs those as
// they are, to refuse them.
func (p Platform) InForce(effective Values) Values {
	values := make(Values, len(effective))
	for name, value := range effective {
		if p.isLocked(name) {
			value = p.defaultOf(name)
		}
		values[name] = value
	}
	return values
}

// defaultOf is the release's default, or else the table's.
func (p Platform) defaultOf(name string) string {
	if value := p.Defaults[name]; value != "" {
		return value
	}
	setting, _ := Find(name)
	return setting.Default
}

// Find returns the row of a setting.
func Find(name string) (Setting, bool) {
	for _, setting := range Table {
		if setting.Name == name {
			return setting, true
		}
	}
	return Setting{}, false
}
