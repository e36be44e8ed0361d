package mirror

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"packet-capture/agent/internal/settings"
)

func TestStatus(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".agent")
	var s status
	s.init(dir)
	s.set("waiting", `no "route"`, "vxlan://a")
	s.write(false)
	read := func() map[string]any {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, StatusFile))
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		if err := json.Unmarshal(text, &said); err != nil {
			t.Fatal(err)
		}
		return said
	}
	if said := read(); said["state"] != "waiting" || said["reason"] != `no "route"` || said["address"] != nil || len(said["interfaces"].([]any)) != 0 {
		t.Errorf("got %v", said)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	s.mirroring("vxlan://a", netip.MustParseAddr("10.0.0.9"), interfaces{mirrored: []mirrored{{"eth0", 2}, {"lo", 1}}})
	s.now = counts{1, 2, 3}
	s.write(false)
	if said := read(); said["address"] != "10.0.0.9" || said["dropped"] != 3.0 || len(said["interfaces"].([]any)) != 2 {
		t.Errorf("got %v", said)
	}
	// Numbers alone wait for their time.
	s.now.packets = 7
	s.write(false)
	if said := read(); said["packets"] != 1.0 {
		t.Errorf("got %v", said)
	}
	s.writtenAt = s.writtenAt.Add(-countEvery)
	s.write(false)
	if said := read(); said["packets"] != 7.0 {
		t.Errorf("got %v", said)
	}
}

func TestChangesOf(t *testing.T) {
	before := settings.Values{"filter": "udp", "snaplen": "0"}
	after := settings.Values{"filter": "tcp", "snaplen": "0"}
	if got := changesOf(before, after); len(got) != 1 || got[0] != (change{"filter", "udp", "tcp"}) {
		t.Errorf("got %v", got)
	}
}
