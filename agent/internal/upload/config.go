package upload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config is rclone.conf: the keys and values of each remote.
type Config map[string]map[string]string

// builtIn are the types of remotes that agent/rclone knows: the backends that its main.go imports.
var builtIn = []string{"alias", "azureblob", "b2", "crypt", "ftp", "google cloud storage", "gcs", "s3", "sftp", "swift", "webdav"}

// refused are keys that would run a program, bypass the agent's proxy, or read files of the container, which may hold
// an app's data. Keys of types that are not built in are listed too.
//
// The source: all uses of os/exec in rclone 1.76 (backend/sftp, backend/webdav, fs/config, fs/metadata, lib/transform)
// and in the credential chains of its libraries (AWS: credential_process of a profile; Azure: the CLI).
var refused = map[string]string{
	"ssh":                     "runs a program",
	"credential_process":      "runs a program",
	"metadata_mapper":         "runs a program",
	"name_transform":          "may run a program",
	"use_az":                  "runs a program",
	"shared_credentials_file": "may name a program: write access_key_id and secret_access_key instead",
	"profile":                 "may name a program: write access_key_id and secret_access_key instead",
	"env_auth":                "asks the container and the node for credentials, which the sidecar does not have: write them here",
	"use_msi":                 "asks the node for credentials",
	"unix_socket":             "bypasses the agent's proxy",
	"http_proxy":              "bypasses the agent's proxy: use the Secret's key `proxy` instead",
	"socks_proxy":             "bypasses the agent's proxy: name an HTTP proxy in the Secret's key `proxy` instead",
	"key_use_agent":           "asks a program for keys",
}

// remoteCommands are keys of commands that run on the server, not here.
var remoteCommands = []string{"server_command", "md5sum_command", "sha1sum_command", "crc32sum_command", "sha256sum_command", "blake3sum_command", "xxh3sum_command", "xxh128sum_command"}

// ParseConfig reads rclone.conf as rclone does: sections in brackets, lines of KEY = VALUE or KEY: VALUE, comments
// after # and ;.
func ParseConfig(text string) (Config, error) {
	if strings.Contains(text, "RCLONE_ENCRYPT_V0:") {
		return nil, errors.New("rclone.conf is encrypted with a password, which cannot be entered here: decrypt it")
	}
	config, section := Config{}, map[string]string(nil)
	for number, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && line[len(line)-1] == ']' {
			name := strings.TrimSpace(line[1 : len(line)-1])
			if config[name] == nil {
				config[name] = map[string]string{}
			}
			section = config[name]
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at <= 0 || section == nil {
			return nil, fmt.Errorf("line %d of rclone.conf is neither [REMOTE] nor KEY = VALUE", number+1)
		}
		section[unquote(strings.TrimSpace(line[:at]))] = unquote(strings.TrimSpace(line[at+1:]))
	}
	return config, nil
}

// unquote removes quotes, which keep white space.
func unquote(text string) string {
	for _, quote := range []string{`"""`, "`"} {
		if len(text) >= 2*len(quote) && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			return text[len(quote) : len(text)-len(quote)]
		}
	}
	return text
}

// Check returns what is wrong with a configuration, before rclone gets it. The error holds names, but no values.
func (c Config) Check() error {
	for _, remote := range sortedKeys(c) {
		for _, key := range sortedKeys(c[remote]) {
			if why := refusal(key); why != "" {
				return fmt.Errorf("%s of [%s] in rclone.conf is refused: it %s", key, remote, why)
			}
		}
		kind := c[remote]["type"]
		if kind == "" || slices.Contains(builtIn, kind) {
			continue
		}
		return fmt.Errorf("type %s of [%s] in rclone.conf is not built in; these types are: %s", kind, remote, strings.Join(builtIn, ", "))
	}
	return c.checkPaths()
}

// checkPaths refuses remotes that would reach files of the container.
func (c Config) checkPaths() error {
	for _, remote := range sortedKeys(c) {
		values := c[remote]
		if values["type"] != "alias" && values["type"] != "crypt" {
			continue
		}
		name, _, found := strings.Cut(values["remote"], ":")
		if _, known := c[name]; !found || !known {
			return fmt.Errorf("remote of [%s] in rclone.conf is refused: it does not name another remote of the file", remote)
		}
	}
	return nil
}

func refusal(key string) string {
	key = strings.ToLower(strings.ReplaceAll(key, "-", "_"))
	switch {
	case strings.Contains(key, "."):
		return "changes rclone itself"
	case strings.HasSuffix(key, "_command") && !slices.Contains(remoteCommands, key):
		return "runs a program"
	case strings.Contains(key, "external"), strings.Contains(key, "exec"):
		return "may run a program"
	}
	return refused[key]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
