package settings

import (
	"slices"
	"strconv"
	"strings"
)

// everything, in a list, allows all.
const everything = "*"

// refusal is why the platform does not allow a valid value; empty if it does. The release's own default is always
// allowed, except where an attached agent cannot have the setting at all.
func (p Platform) refusal(name, value string) string {
	if p.Attached && value != "" && slices.Contains(notWhenAttached, name) {
		return attachedReason
	}
	if value == p.defaultOf(name) {
		return noReason
	}
	if p.isLocked(name) {
		return "must stay as the release has it: annotations may change " + orNone(p.AllowedSettings, "no setting")
	}
	allowed, limited := p.AllowedDestinations[name]
	if !limited || value == "" || slices.Contains(allowed, everything) {
		return noReason
	}
	if allows := matching[name]; allows != nil && allows(allowed, value) {
		return noReason
	}
	return "must be a destination that the release allows: " + orNone(allowed, "there is none")
}

// isLocked reports whether annotations may not change the setting.
func (p Platform) isLocked(name string) bool {
	return p.AllowedSettings != nil && !slices.Contains(p.AllowedSettings, name) && !slices.Contains(p.AllowedSettings, everything)
}

// matching reports whether one of the patterns matches the value, by destination.
var matching = map[string]func(patterns []string, value string) bool{
	"stream": allowsEndpoint,
	"mirror": allowsMirror,
	"upload": allowsUpload,
}

func orNone(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

// allowsEndpoint reports whether a pattern matches. A pattern is HOST:PORT; HOST may be `*`, or begin with `*.` for the
// subdomains of a domain; PORT may be `*`. Upper and lower case are the same.
func allowsEndpoint(patterns []string, value string) bool {
	endpoint, ok := parseEndpoint(value)
	return ok && allows(patterns, endpoint)
}

// allowsMirror reports whether a pattern, of the same form as for a stream, matches. A value without a port has port
// 4789.
func allowsMirror(patterns []string, value string) bool {
	mirror, ok := parseMirror(value)
	return ok && allows(patterns, mirror.Endpoint)
}

func allows(patterns []string, endpoint Endpoint) bool {
	host, port := strings.ToLower(endpoint.Host), strconv.Itoa(int(endpoint.Port))
	for _, pattern := range patterns {
		colon := strings.LastIndexByte(pattern, ':')
		if colon < 0 {
			continue
		}
		wantedHost := strings.ToLower(strings.Trim(pattern[:colon], "[]"))
		wantedPort := pattern[colon+1:]
		if (wantedPort == "*" || wantedPort == port) && matchesHost(wantedHost, host) {
			return true
		}
	}
	return false
}

func matchesHost(pattern, host string) bool {
	if pattern == "*" {
		return true
	}
	if domain, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasPrefix(domain, ".") && strings.HasSuffix(host, domain) && len(host) > len(domain)
	}
	return pattern == host
}

// allowsUpload reports whether a pattern matches. A pattern is REMOTE:PATH; `*` at its end, after `:` or `/`, stands
// for any path below, without `.` and `..`.
func allowsUpload(patterns []string, value string) bool {
	for _, pattern := range patterns {
		folder, ok := strings.CutSuffix(pattern, "*")
		if !ok && pattern == value {
			return true
		}
		isFolder := ok && (strings.HasSuffix(folder, ":") || strings.HasSuffix(folder, "/"))
		if isFolder && strings.HasPrefix(value, folder) && !hasDots(value[len(folder):]) {
			return true
		}
	}
	return false
}

// hasDots reports whether one of the path's parts is `.` or `..`.
func hasDots(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}
