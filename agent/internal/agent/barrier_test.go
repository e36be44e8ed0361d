package agent

import (
	"testing"
	"time"

	"packet-capture/agent/internal/settings"
)

// The time of a change is the machine's, which somebody may set back before the kernel's packets have come to it.
func TestAClockThatIsSetBack(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	f.session.now = func() time.Time {
		if f.session.merger.Pending() {
			return time.Now()
		}
		return time.Now().Add(time.Hour)
	}
	f.send(10)
	f.set("filter", "udp port 9999")
	f.until("started", 2)
	f.send(20)
	f.set("state", "idle")
	f.until("idle", 1)
	f.Terminate()
	if stopped := f.until("stopped", 1); stopped["packets"] != 30.0 {
		t.Errorf("%v", stopped)
	}
}
