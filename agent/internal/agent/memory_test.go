package agent

import (
	"runtime"
	"testing"
	"time"

	"packet-capture/agent/internal/settings"
)

// Memory is given back when a file was closed, and not each time; the start of the capture, some seconds before, goes with it.
func TestMemoryIsGivenBack(t *testing.T) {
	given := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	before := given()
	f := newFixture(t, settings.Values{"filter": "udp", "rotate": "1s"})
	f.tidied = time.Now().Add(-tidyEvery)
	f.until("file closed", 2)
	for end := time.Now().Add(5 * time.Second); given() == before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	f.until("file closed", 5)
	// A release collects twice.
	if count := given() - before; count != 2 {
		t.Errorf("%d collections", count)
	}
	f.Terminate()
	f.until("stopped", 1)
}
