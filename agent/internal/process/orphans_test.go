package process

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReapOrphans(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	ReapOrphans()
	// A command that leaves something behind, as in a session of its own.
	left, err := exec.Command("setsid", "-w", "sh", "-c", "sleep 0.1 > /dev/null 2>&1 & echo $!").Output()
	if err != nil {
		t.Skip(err)
	}
	path := "/proc/" + strings.TrimSpace(string(left))
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(path); err != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("what was left behind is still there")
		}
	}
	// Its own children end as they are waited for.
	for range 50 {
		if err := exec.Command("true").Run(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseStat(t *testing.T) {
	for text, want := range map[string]processStat{
		"12 (sh) S 1 12 11 0 -1 4194304": {12, 1, 11, 'S'},
		"7 (a) Z 3 (b) R 1 2 3 4":        {7, 1, 3, 'R'},
		"7 (a b) Z 0 0 0":                {7, 0, 0, 'Z'},
	} {
		if got, ok := parseStat([]byte(text)); !ok || got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	for _, text := range []string{"", "1", "1 (a)", "1 (a) S", "x (a) S 1 2 3", "1 (a) S x 2 3", "1 (a) SS 1 2 3"} {
		if got, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
	own, ok := parseStat([]byte(strconv.Itoa(os.Getpid()) + " (x) R 1 1 1"))
	if !ok || own.pid != os.Getpid() {
		t.Errorf("%+v", own)
	}
}
