package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The reasons are those of src/settings/validate.ts, word for word: both sides pass the vectors in
// testdata/vectors.json. Each check takes time linear in the length of the text.

// noReason is the reason of a valid value.
const noReason = ""

// checkState returns whether the agent is idle.
func checkState(text string) (idle bool, reason string) {
	switch text {
	case "running":
		return false, noReason
	case "idle":
		return true, noReason
	}
	return false, "must be running or idle"
}

// checkFilter returns the expression in one line: for the compiler all white space is the same. Whether libpcap accepts
// the expression is found out later, for each interface: agent/internal/agent/prepare.go.
func checkFilter(text string) (filter, reason string) {
	if text == "" {
		return "", noReason
	}
	if strings.TrimFunc(text, isWhiteSpace) == "" {
		return "", "must not be blank"
	}
	if characters(text) > longestText {
		return "", "must be at most " + strconv.Itoa(longestText) + " characters"
	}
	return strings.Map(foldControl, text), noReason
}

// isWhiteSpace reports whether String.prototype.trim of JavaScript removes the character.
func isWhiteSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// characters counts like JavaScript: a character beyond the basic plane counts as two.
func characters(text string) int {
	count := 0
	for _, r := range text {
		count++
		if r > 0xffff {
			count++
		}
	}
	return count
}

func foldControl(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// checkInterfaces takes `all` and `any`, or names.
func checkInterfaces(text string) (Interfaces, string) {
	switch text {
	case "all":
		return Interfaces{All: true}, noReason
	case "any", "all,lo", "lo,all":
		return Interfaces{All: true, Loopback: true}, noReason
	}
	names := strings.Split(text, ",")
	seen := make(map[string]bool, len(names))
	twice := false
	for _, name := range names {
		if reason := checkInterface(name); reason != noReason {
			return Interfaces{}, reason
		}
		twice = twice || seen[name]
		seen[name] = true
	}
	if twice {
		return Interfaces{}, "must name each interface once"
	}
	return Interfaces{Names: names}, noReason
}

// checkInterface takes a name that Linux allows (dev_valid_name in net/core/dev.c), and no pattern or number.
func checkInterface(name string) (reason string) {
	switch {
	case strings.ContainsAny(name, "*?[]{}"):
		return "must be names, not patterns: all is every interface that is up but lo, any is lo too"
	case name == "" || !every(name, isInterfaceByte):
		return "must be interface names, separated by commas, without spaces"
	case len(name) > 15:
		return "must be interface names, of 15 characters at most"
	case every(name, isDigit) || name[0] == '-' || name == "." || name == "..":
		return "must be interface names: " + name + " is none"
	case strings.EqualFold(name, "all") || strings.EqualFold(name, "any"):
		return "must be all, any or all,lo, in lower case, or names alone"
	}
	return noReason
}

func checkSnaplen(text string) (Snaplen, string) {
	if text == headersOnly {
		return Snaplen{Headers: true}, noReason
	}
	if text == "0" {
		return Snaplen{}, noReason
	}
	if bytes, ok := wholeNumber(text, 6); ok && bytes <= largestSnaplen {
		return Snaplen{Bytes: int(bytes)}, noReason
	}
	return Snaplen{}, "must be headers, or a whole number of bytes up to " + strconv.Itoa(largestSnaplen)
}

// checkBytes takes a quantity of at least 1Mi, and of at most that many bytes if most is not 0.
func checkBytes(text string, most int64) (bytes int64, reason string) {
	bytes, ok := ParseQuantity(text)
	switch {
	case !ok:
		return 0, "must be a quantity such as 16Mi or 64M"
	case bytes < leastBytes:
		return 0, "must be at least 1Mi"
	case most != 0 && bytes > most:
		return 0, "must be at most " + formatBytes(most)
	}
	return bytes, noReason
}

// formatBytes writes a number of bytes with the largest unit that divides it: 64Mi.
func formatBytes(bytes int64) string {
	for _, unit := range []string{"", "Ki", "Mi"} {
		if bytes%1024 != 0 {
			return strconv.FormatInt(bytes, 10) + unit
		}
		bytes /= 1024
	}
	return strconv.FormatInt(bytes, 10) + "Gi"
}

// checkCount takes an empty text, or 1 to 999999999.
func checkCount(text string) (count int64, reason string) {
	if text == "" {
		return 0, noReason
	}
	if count, ok := wholeNumber(text, 9); ok {
		return count, noReason
	}
	return 0, "must be a whole number from 1 to 999999999"
}

// checkDuration takes an empty text, or 1s to 8760h.
func checkDuration(text string) (time.Duration, string) {
	if text == "" {
		return 0, noReason
	}
	seconds, ok := parseSeconds(text)
	switch {
	case !ok:
		return 0, "must be a duration such as 60s, 1m30s or 2h"
	case seconds < 1 || seconds > mostSeconds:
		return 0, "must be from 1s to 8760h"
	}
	return time.Duration(seconds) * time.Second, noReason
}

// checkPort takes an empty text, or 1 to 65535.
func checkPort(text string) (port uint16, reason string) {
	if text == "" {
		return 0, noReason
	}
	if number, ok := wholeNumber(text, 5); ok && number <= 65535 {
		return uint16(number), noReason
	}
	return 0, "must be a port from 1 to 65535"
}

// checkRing checks that the ring fits into the volume: the kubelet evicts a pod whose volume grows over its limit,
// which was set when the pod was made. Every ring fits into a volume whose limit is not known.
func (p *parser) checkRing(s Settings) {
	limit, ok := ParseQuantity(p.platform.SizeLimit)
	if !ok || limit/s.FileSize > int64(s.FileCount) {
		return
	}
	p.add(Invalid{
		Setting: "file-size",
		Value:   p.value("file-size"),
		Reason: fmt.Sprintf("%d files of it and one to spare do not fit into the volume of %s",
			s.FileCount, p.platform.SizeLimit),
	})
}

// checkUpload takes REMOTE:PATH, where rclone.conf names the remote.
func checkUpload(text string) (reason string) {
	if text == "" {
		return noReason
	}
	remote, path, ok := strings.Cut(text, ":")
	path = strings.TrimPrefix(path, "/")
	if !ok || remote == "" || remote[0] == '-' || !every(remote, isRemoteByte) ||
		strings.HasPrefix(path, "/") || !every(path, isGraphic) {
		return "must be REMOTE:PATH, with a remote that rclone.conf names"
	}
	if len(text) > longestRemote {
		return "must be at most " + strconv.Itoa(longestRemote) + " characters"
	}
	return noReason
}

// checkStream takes HOST:PORT or [IPV6]:PORT.
func checkStream(text string) (*Endpoint, string) {
	if text == "" {
		return nil, noReason
	}
	if endpoint, ok := parseEndpoint(text); ok {
		return &endpoint, noReason
	}
	return nil, "must be HOST:PORT or [IPV6]:PORT"
}

// checkMirror takes vxlan://HOST[:PORT][?vni=NUMBER].
func checkMirror(text string) (*Mirror, string) {
	if text == "" {
		return nil, noReason
	}
	if mirror, ok := parseMirror(text); ok {
		return &mirror, noReason
	}
	return nil, "must be vxlan://HOST[:PORT][?vni=NUMBER]"
}

func parseMirror(text string) (Mirror, bool) {
	rest, ok := strings.CutPrefix(text, "vxlan://")
	if !ok {
		return Mirror{}, false
	}
	mirror := Mirror{VNI: 1}
	rest, vni, found := strings.Cut(rest, "?vni=")
	if found {
		number, ok := wholeNumber(vni, 8)
		if !ok || number > largestVNI {
			return Mirror{}, false
		}
		mirror.VNI = uint32(number)
	}
	if host, ok := parseHost(rest); ok {
		mirror.Endpoint = Endpoint{Host: host, Port: defaultMirrorPort}
		return mirror, true
	}
	mirror.Endpoint, ok = parseEndpoint(rest)
	return mirror, ok
}

func parseEndpoint(text string) (Endpoint, bool) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return Endpoint{}, false
	}
	host, ok := parseHost(text[:colon])
	port, isNumber := wholeNumber(text[colon+1:], 5)
	if !ok || !isNumber || port > 65535 {
		return Endpoint{}, false
	}
	return Endpoint{Host: host, Port: uint16(port)}, true
}

// parseHost takes a name, an IPv4 address, or an IPv6 address in brackets, which are removed.
func parseHost(text string) (string, bool) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return inner, ok && len(inner) >= 2 && len(inner) <= 45 && every(inner, isAddressByte)
	}
	ok := text != "" && len(text) <= 253 && (isLetter(text[0]) || isDigit(text[0]) || text[0] == '_') && every(text, isInterfaceByte)
	return text, ok
}

// wholeNumber reads a number from 1, without leading zeros, of at most that many digits.
func wholeNumber(text string, digits int) (int64, bool) {
	if text == "" || len(text) > digits || text[0] == '0' || leadingDigits(text) != len(text) {
		return 0, false
	}
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil
}

func every(text string, is func(byte) bool) bool {
	return !slices.ContainsFunc([]byte(text), func(b byte) bool { return !is(b) })
}

func isDigit(b byte) bool  { return b >= '0' && b <= '9' }
func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// isGraphic reports whether a byte is printable ASCII and not a space.
func isGraphic(b byte) bool { return b > ' ' && b < 0x7f }

func isInterfaceByte(b byte) bool {
	return isLetter(b) || isDigit(b) || b == '.' || b == '_' || b == '-'
}

func isRemoteByte(b byte) bool { return isInterfaceByte(b) || b == '+' || b == '@' }

func isAddressByte(b byte) bool {
	return isDigit(b) || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' || b == ':' || b == '.'
}
