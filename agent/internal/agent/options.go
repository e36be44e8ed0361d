package agent

import (
	"context"
	"path/filepath"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/settings"
)

// Options configure an Agent.
type Options struct {
	Loop *loop.Loop
	Log  *events.Log
	// Folder holds the capture files; AgentDir, inside it, the agent's own files.
	Folder, AgentDir string
	// SettingsDir is the folder of the settings.
	SettingsDir string
	// Namespace and Pod name the pod, Node the node that it runs on.
	Namespace, Pod, Node string
	Version              string
	Platform             settings.Platform
	// MetricsListen is an address like `:9464`; empty: nothing listens.
	MetricsListen string
	// UploadSecret is where the Secret for uploads is mounted, Labels the file with the pod's labels, Rclone the path
	// of the program that uploads.
	UploadSecret, Labels, Rclone string
	// UploadProxy and UploadNoProxy apply to uploads only; they have the form of HTTPS_PROXY and NO_PROXY.
	UploadProxy, UploadNoProxy string
	// Compile compiles an expression (filter.Compiler).
	Compile func(ctx context.Context, expression, iface string, link filter.LinkType) (filter.Program, error)
}

// Environment has the form of os.LookupEnv.
type Environment = settings.Environment

// FromEnvironment fills in the options that the container's environment variables hold.
func (o *Options) FromEnvironment(environment Environment) {
	or := func(name, otherwise string) string {
		if value, _ := environment(name); value != "" {
			return value
		}
		return otherwise
	}
	o.Namespace = or("POD_NAMESPACE", "unknown")
	o.Pod = or("POD_NAME", "unknown")
	o.Node = or("NODE_NAME", "unknown")
	o.Folder = or(settings.FilesVariable, settings.FilesPath)
	o.AgentDir = filepath.Join(o.Folder, ".agent")
	o.MetricsListen = or(settings.MetricsVariable, "")
	o.UploadSecret = settings.UploadPath
	o.Rclone = "/usr/bin/rclone"
	o.SettingsDir = or(settings.SettingsVariable, settings.SettingsPath)
	o.Labels = filepath.Join(o.SettingsDir, "labels")
	o.UploadProxy = or(settings.UploadProxyVariable, "")
	o.UploadNoProxy = or(settings.UploadNoProxyVariable, "")
	o.Platform = settings.PlatformOf(environment)
}

// Attach makes them those of an attached agent, after FromEnvironment: its own folder of settings, its own defaults, and
// no server of metrics, since an ephemeral container has no ports.
func (o *Options) Attach(settingsDir string, environment Environment) {
	o.SettingsDir = settingsDir
	o.MetricsListen = ""
	o.Platform = settings.AttachedPlatformOf(environment)
}
