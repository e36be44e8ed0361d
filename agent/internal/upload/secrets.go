package upload

import (
	"regexp"
	"slices"
	"strings"
)

// places are keys whose values name a place and are not secret.
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

// Mask replaces the values of rclone.conf, and their parts, by *** in a text, except those that name a place; and the
// values in more; and everything after a question mark, where URLs have signatures. It folds white space, and cuts a
// long text.
func Mask(text string, config Config, more ...string) string {
	text = query.ReplaceAllString(strings.Join(strings.Fields(text), " "), "?***")
	var parts []string
	add := func(value string) {
		for _, part := range separator.Split(value, -1) {
			// Short parts are too common to be secrets.
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
