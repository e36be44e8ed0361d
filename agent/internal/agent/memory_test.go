package agent

import (
	"testing"

	"packet-capture/agent/internal/settings"
)

// Memory is given back when a file was closed, and not each time.
func TestMemoryIsGivenBack(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "rotate": "1s"})
	f.until("file closed", 1)
	first := f.tidied
	if first.IsZero() {
		t.Error("memory was not given back")
	}
	f.until("file closed", 3)
	if f.tidied != first {
		t.Error("memory was given back again")
	}
	f.Terminate()
	f.until("stopped", 1)
}
