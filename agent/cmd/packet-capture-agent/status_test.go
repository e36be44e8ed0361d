package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStatusOfAnAgentThatStarts(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PACKET_CAPTURE_DIR", dir)
	file := filepath.Join(agentDir(), "status.json")
	time.AfterFunc(200*time.Millisecond, func() {
		if err := os.Mkdir(agentDir(), 0o700); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(file+".new", []byte("{}\n"), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Error(err)
		}
	})
	var out, err bytes.Buffer
	if code := dispatch([]string{"status"}, streams{out: &out, err: &err}); code != 0 || out.String() != "{}\n" {
		t.Errorf("exit code %d, %q, %q", code, out.String(), err.String())
	}
}

func TestStatusWithoutAnAgent(t *testing.T) {
	t.Setenv("PACKET_CAPTURE_DIR", t.TempDir())
	var out, err bytes.Buffer
	began := time.Now()
	code := dispatch([]string{"status"}, streams{out: &out, err: &err})
	if code != 1 || !strings.Contains(err.String(), "there is no status: ") {
		t.Errorf("exit code %d, %q", code, err.String())
	}
	if spent := time.Since(began); spent < startTime || spent > 2*startTime {
		t.Errorf("took %v", spent)
	}
}
