package settings

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/loop"
)

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	writeVersion(t, dir, 0, Values{"filter": "tcp"})
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan Values, 10)
	if err := Watch(l, dir, func(v Values) { seen <- v }); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- l.Run() }()
	expect := func(filter string) {
		t.Helper()
		select {
		case values := <-seen:
			if values["filter"] != filter {
				t.Errorf("%q, not %q", values["filter"], filter)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("nothing is said of %q", filter)
		}
	}
	expect("tcp")
	writeVersion(t, dir, 1, Values{"filter": "udp"})
	expect("udp")
	// The same values again are nothing to say.
	writeVersion(t, dir, 2, Values{"filter": "udp"})
	writeVersion(t, dir, 3, Values{"filter": ""})
	expect("")
	begin := time.Now()
	writeVersion(t, dir, 4, Values{"filter": "icmp"})
	expect("icmp")
	t.Logf("from the change to the values: %v", time.Since(begin))
	l.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(seen) > 0 {
		t.Errorf("more was said: %v", <-seen)
	}
}

// A user namespace has limits of its own: this test runs itself again in one that has no inotify instance.
func TestWatchWithoutInotify(t *testing.T) {
	if os.Getenv("TEST_WATCH_WITHOUT_INOTIFY") == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestWatchWithoutInotify$", "-test.v")
		again.Env = append(os.Environ(), "TEST_WATCH_WITHOUT_INOTIFY=1")
		again.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		if output, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	if err := os.WriteFile("/proc/sys/user/max_inotify_instances", []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if fd, err := unix.InotifyInit1(unix.IN_CLOEXEC); err == nil {
		_ = unix.Close(fd)
		t.Fatal("there are inotify instances")
	}
	TestWatch(t)
	TestWatchNeedsAFolder(t)
}

func TestWatchNeedsAFolder(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := Watch(l, filepath.Join(t.TempDir(), "missing"), func(Values) { t.Error("values of nothing") }); err == nil {
		t.Error("a folder that is not there is watched")
	}
}
