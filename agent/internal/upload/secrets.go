package upload

import (
	"regexp"
	"slices"
	"strings"
)

// places are keys whose values name a place, and are no secret.
var places = []string{
	"type", "provider", "region", "location_constraint", "endpoint", "host", "port", "user", "account", "vendor", "acl", "bucket_acl",
	"storage_class", "location", "project_number", "server_side_encryption", "no_check_bucket", "remote",
}

// maxReason is how long a reason may be, in characters.
const maxReason = 400

var (
	query     = regexp.MustCompile(`\?[^\s"]*`)
	separator = regexp.MustCompile("[ \\t\"{}&?=,:;@\\\\]+")
)

// Mask puts *** into a text for whatever is a value in rclone.conf or a part of one, except for what names the place; and for
// what comes after a question mark, where signatures of URLs are; and for more of such values. White space becomes one space, and a long text is cut.
func Mask(text string, config Config, more ...string) string {
	text = query.ReplaceAllString(strings.Join(strings.Fields(text), " "), "?***")
	var parts []string
	add := func(value string) {
		for _, part := range separator.Split(value, -1) {
			// Short ones tell nothing.
			if len(part) >= 5 && part != "https" && part != "false" {
				parts = append(parts, part)
			}
		}
	}
	for _, values := range config {
		for key, value := range values {
			switch {
			case slices.Contains(places, key):
			case key == "url":
				if at := strings.LastIndex(value, "@"); at >= 0 {
					_, credentials, _ := strings.Cut(value[:at], "//")
					add(credentials)
				}
			default:
				add(value)
			}
		}
	}
	for _, value := range more {
		add(value)
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	for _, part := range parts {
		text = strings.ReplaceAll(text, part, "***")
	}
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "…"
	}
	return text
}
