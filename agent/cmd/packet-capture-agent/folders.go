package main

import (
	"os"
	"path/filepath"

	"packet-capture/agent/internal/settings"
)

// captureDir is the folder of the capture files.
func captureDir() string {
	return fromEnvironment(settings.FilesVariable, settings.FilesPath)
}

// agentDir is the folder of the agent's own files, which its programs share.
func agentDir() string {
	return filepath.Join(captureDir(), ".agent")
}

// settingsDir is the folder in which the kubelet keeps the pod's annotations up to date.
func settingsDir() string {
	return fromEnvironment(settings.SettingsVariable, settings.SettingsPath)
}

// attachedSettingsDir is the folder in which an attached agent keeps its settings itself.
func attachedSettingsDir() string {
	return fromEnvironment(settings.SettingsVariable, filepath.Join(captureDir(), ".settings"))
}

func fromEnvironment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
