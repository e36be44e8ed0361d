package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/mirror"
)

// The mirror's status is read although the node's agents have used up the kernel's watches. A user namespace has limits
// of its own: this test runs itself again in one that has no inotify instance.
func TestMirrorStatusWithoutInotify(t *testing.T) {
	if os.Getenv("TEST_MIRROR_WITHOUT_INOTIFY") == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestMirrorStatusWithoutInotify$")
		again.Env = append(os.Environ(), "TEST_MIRROR_WITHOUT_INOTIFY=1")
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
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	a := &Agent{loop: l, options: Options{AgentDir: t.TempDir()}}
	a.report = report{agent: a, timer: l.After(time.Hour, func() {}), due: time.Now()}
	m := &mirrorMember{agent: a, started: time.Now()}
	m.set(true)
	if m.fd != 0 {
		t.Fatal("there are inotify instances")
	}
	// The mirror starts after the first look.
	text := `{"state":"running"}`
	if err := os.WriteFile(filepath.Join(a.options.AgentDir, mirror.StatusFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l.After(3*mirrorPoll/2, l.Stop)
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if string(m.text) != text {
		t.Errorf("the mirror's status is %q", m.text)
	}
}
