package attached

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/settings"
)

// A capture may take the last byte of the disk, and is to be stopped then, more than once.
func TestSettingsCanBeChangedOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a file system of its own")
	}
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread ends with the goroutine, and its mounts with it.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			t.Error(err)
			return
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Error(err)
			return
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
			t.Error(err)
			return
		}
		changeOnFullDisk(t, dir)
	}()
	<-done
}

func changeOnFullDisk(t *testing.T, disk string) {
	t.Helper()
	dir := filepath.Join(disk, ".settings")
	if err := Create(dir, time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
		return
	}
	file, err := os.Create(filepath.Join(disk, "capture"))
	if err != nil {
		t.Error(err)
		return
	}
	for err == nil {
		_, err = file.Write(make([]byte, 512))
	}
	if !isFull(err) || file.Close() != nil {
		t.Error(err)
		return
	}
	all := Request{settings.Reason: strings.Repeat("x", 200)}
	for _, setting := range settings.Table {
		all[setting.Name] = strings.Repeat("1", 200)
	}
	for _, request := range []Request{{"state": "idle", "filter": "udp"}, {"state": "running"}, all} {
		if _, err := Set(dir, request, time.Now); err != nil {
			t.Error(err)
			return
		}
		values, err := settings.Read(dir)
		if err != nil || values["state"] != request["state"] {
			t.Errorf("%v, %v", values, err)
		}
	}
}
