package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/clients"
	"packet-capture/agent/internal/settings"
)

// newAttachedFixture is an attached agent that captures UDP, and ends after ttl.
func newAttachedFixture(t *testing.T, ttl time.Duration) *fixture {
	f := newFixture(t, settings.Values{"filter": "udp", "by": "alice", "reason": "INC-1"})
	f.options.Platform.Attached = true
	f.options.SettingsDir = t.TempDir()
	f.until("started", 1)
	f.setUntil(time.Now().Add(ttl))
	return f
}

func (f *fixture) setUntil(until time.Time) {
	f.t.Helper()
	f.values["until"] = settings.FormatUntil(until)
	if err := settings.Write(f.options.SettingsDir, f.values); err != nil {
		f.t.Fatal(err)
	}
	f.set("until", f.values["until"])
}

func TestAnAttachedAgentEnds(t *testing.T) {
	f := newAttachedFixture(t, time.Hour)
	f.runFor(20 * time.Millisecond)
	if slices.Contains(f.names(), "ending") || f.status().Attached == nil {
		t.Errorf("%q, %+v", f.names(), f.status().Attached)
	}
	begin := time.Now()
	f.setUntil(begin.Add(200 * time.Millisecond))
	f.until("ending", 1)
	f.send(7)
	if stopped := f.until("stopped", 1); stopped["packets"] != 7.0 {
		t.Errorf("%v", stopped)
	}
	if took := time.Since(begin); took < 200*time.Millisecond || took > 3*time.Second {
		t.Errorf("it ended after %v", took)
	}
}

// Each new end is warned of, and an earlier one no longer holds.
func TestTheEndMoves(t *testing.T) {
	f := newAttachedFixture(t, 100*time.Millisecond)
	f.until("ending", 1)
	f.setUntil(time.Now().Add(time.Hour))
	f.runFor(300 * time.Millisecond)
	if slices.Contains(f.names(), "stopped") {
		t.Fatalf("%q", f.names())
	}
	f.setUntil(time.Now().Add(10 * time.Millisecond))
	f.until("ending", 2)
	f.until("stopped", 1)
}

// What a command has just asked for holds, even if the agent has not heard of it yet.
func TestTheEndThatWasMovedInTheLastMoment(t *testing.T) {
	f := newAttachedFixture(t, 100*time.Millisecond)
	later := settings.Values{"until": settings.FormatUntil(time.Now().Add(time.Hour))}
	if err := settings.Write(f.options.SettingsDir, later); err != nil {
		t.Fatal(err)
	}
	f.runFor(300 * time.Millisecond)
	if f.terminating || f.attachment.until.Before(time.Now().Add(time.Minute)) {
		t.Errorf("it ends: %q", f.names())
	}
	if err := clients.Register(f.options.AgentDir); err != nil {
		t.Error(err)
	}
}

// An agent of a sidecar has no end.
func TestOnlyAnAttachedAgentEnds(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	f.set("until", settings.FormatUntil(time.Now()))
	f.runFor(100 * time.Millisecond)
	if f.terminating || f.status().Attached != nil {
		t.Errorf("%q", f.names())
	}
}

// Who asked for a capture, and why, is in its files; another reason needs another file, and costs no packet.
func TestTheReasonIsInTheFiles(t *testing.T) {
	f := newAttachedFixture(t, time.Hour)
	f.send(5)
	f.set("reason", "INC-2 \"<&>\"")
	if changed := f.until("settings changed", 1); !strings.Contains(string(mustMarshal(t, changed)), `"old":"INC-1","setting":"reason"`) {
		t.Errorf("%v", changed)
	}
	f.until("started", 2)
	f.send(6)
	f.set("state", "idle")
	f.until("idle", 1)
	// While nothing is captured, a reason begins nothing.
	f.set("by", "bob")
	f.runFor(20 * time.Millisecond)
	f.Terminate()
	if stopped := f.until("stopped", 1); stopped["packets"] != 11.0 || stopped["files"] != 2.0 {
		t.Errorf("%v", stopped)
	}
	for i, reason := range []string{`"by":"alice","reason":"INC-1"}`, `"by":"alice","reason":"INC-2 \"<&>\""}`} {
		text, err := os.ReadFile(f.files()[i])
		if err != nil || !strings.Contains(string(text), reason) {
			t.Errorf("%s does not say %s, %v", filepath.Base(f.files()[i]), reason, err)
		}
	}
}

func mustMarshal(t *testing.T, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
