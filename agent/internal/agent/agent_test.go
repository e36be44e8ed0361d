package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
)

func TestAgentCapturesBySettings(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	if started := f.until("started", 1); started["filter"] != "udp" || started["snaplen"] != 0.0 {
		t.Errorf("%v", started)
	}
	f.send(10)
	f.set("filter", "udp port 9999")
	f.until("started", 2)
	f.send(20)
	f.set("filter", "tcp port")
	if refused := f.until("invalid setting", 1); refused["setting"] != "filter" {
		t.Errorf("%v", refused)
	}
	f.until("file closed", 2)
	f.send(5)
	f.set("filter", "")
	f.until("started", 3)
	f.send(30)
	f.set("state", "idle")
	f.until("idle", 1)
	f.Terminate()
	f.until("stopped", 1)
	var packets []float64
	for _, e := range f.said.events() {
		if e["event"] == "file closed" {
			packets = append(packets, e["packets"].(float64))
		}
	}
	if !slices.Equal(packets, []float64{10, 20, 30}) {
		t.Errorf("%v packets", packets)
	}
	text, err := os.ReadFile(filepath.Join(f.folder, ".agent/status.json"))
	var s struct {
		State, Version string
		Packets, Files int
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil || s.State != "stopped" || s.Packets != 60 || s.Files != 3 || s.Version != "1.2.3" {
		t.Errorf("%s, %v", text, err)
	}
}

// Changes that come faster than they can be taken end in the last one, and none of them costs a packet.
func TestManyChangesAtOnce(t *testing.T) {
	f := newFixture(t, settings.Values{"file-count": "1000"})
	f.until("started", 1)
	sent := 0
	for i := range 40 {
		f.set("filter", []string{"udp", "udp port 9999", "ip", ""}[i%4])
		if i%3 == 0 {
			f.set("snaplen", []string{"0", "96", "headers"}[i%9/3])
		}
		if i%5 == 0 {
			f.set("buffer-size", []string{"1Mi", "2Mi"}[i%2])
		}
		f.send(50)
		sent += 50
		f.runFor(time.Duration(i%7) * time.Millisecond)
	}
	f.runFor(200 * time.Millisecond)
	f.Terminate()
	stopped := f.until("stopped", 1)
	if stopped["packets"] != float64(sent) || stopped["dropped"] != 0.0 {
		t.Errorf("%v of %d\n%s", stopped, sent, f.said.text.String())
	}
	if last := f.said.events(); !slices.ContainsFunc(last, func(e event) bool { return e["event"] == "started" && e["filter"] == "" && e["snaplen"] == 96.0 }) {
		t.Errorf("the last settings were never in force\n%s", f.said.text.String())
	}
}

// While a filter is compiled, what runs goes on, and the end is heard.
func TestACompilationHoldsNothingUp(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	release := make(chan struct{})
	f.mutex.Lock()
	f.compile = func(string, string, filter.LinkType) error {
		<-release
		return nil
	}
	f.mutex.Unlock()
	f.set("filter", "tcp")
	f.runFor(50 * time.Millisecond)
	f.send(7)
	begin := time.Now()
	f.set("state", "idle")
	if closed := f.until("file closed", 1); closed["packets"] != 7.0 {
		t.Errorf("%v", closed)
	}
	f.until("idle", 1)
	if took := time.Since(begin); took > 100*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	close(release)
	f.runFor(20 * time.Millisecond)
	if names := f.names(); slices.Contains(names[1:], "started") || f.state != status.Idle {
		t.Errorf("%q", names)
	}
}

func TestWhatCannotBeCapturedIsNamed(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "interfaces": "eth0,lo"})
	f.until("started", 1)
	f.mutex.Lock()
	f.compile = func(_, iface string, _ filter.LinkType) error {
		if iface == "lo" {
			return &filter.SyntaxError{Reason: "not there"}
		}
		return nil
	}
	f.mutex.Unlock()
	f.set("filter", "ip")
	if started := f.until("started", 2); len(started["interfaces"].([]any)) != 1 {
		t.Errorf("%v", started)
	}
	if failed := f.until("error", 1); failed["reason"] != "lo is not captured: filter: not there" {
		t.Errorf("%v", failed)
	}
	f.mutex.Lock()
	f.compile = func(string, string, filter.LinkType) error { return &filter.UnknownHostError{Reason: "who?"} }
	f.mutex.Unlock()
	f.set("filter", "host nobody")
	if failed := f.until("error", 2); failed["reason"] != "filter: who?" || failed["retry"] != "1s" {
		t.Errorf("%v", failed)
	}
	f.mutex.Lock()
	f.compile = func(string, string, filter.LinkType) error { return errors.New("no program") }
	f.mutex.Unlock()
	if failed := f.until("error", 3); failed["reason"] != "no program" || failed["retry"] != "2s" {
		t.Errorf("%v", failed)
	}
	f.mutex.Lock()
	f.compile = nil
	f.mutex.Unlock()
	f.set("filter", "")
	f.until("started", 3)
}

// The note of a capture that has come to its end holds for the next container, as long as the settings are the same.
func TestFinishedIsRemembered(t *testing.T) {
	f := newFixture(t, settings.Values{"packet-count": "5", "filter": "udp"})
	f.until("started", 1)
	f.send(9)
	if idle := f.until("idle", 1); idle["reason"] != "packet-count" {
		t.Errorf("%v", idle)
	}
	f.Terminate()
	if stopped := f.until("stopped", 1); stopped["packets"] != 5.0 {
		t.Errorf("%v", stopped)
	}
	note, err := os.ReadFile(filepath.Join(f.folder, ".agent/finished"))
	if err != nil || !strings.HasPrefix(string(note), "packet-count\n{") {
		t.Errorf("%q, %v", note, err)
	}
}

// What no interface can have is not in force, and is tried again: nothing else is captured instead.
func TestAChangeThatNoInterfaceCanHave(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	release := f.holdCompiler()
	f.set("buffer-size", "1Mi")
	f.runFor(10 * time.Millisecond)
	nettest.Run(t, "ip", "link", "delete", "eth0")
	f.runFor(10 * time.Millisecond)
	release()
	if failed := f.until("error", 1); !strings.Contains(failed["reason"].(string), "eth0: bind: no such device") || failed["retry"] != "1s" {
		t.Errorf("%v", failed)
	}
	if f.session.running || f.state != status.Waiting {
		t.Errorf("it is %v, running: %v", f.state, f.session.running)
	}
	nettest.Pair(t, "eth0", 0)
	f.until("started", 2)
	f.send(7)
	f.Terminate()
	if stopped := f.until("stopped", 1); stopped["packets"] != 7.0 {
		t.Errorf("%v", stopped)
	}
}

// A filter for which the kernel has no room is in force nowhere. The change that waits for its turn meanwhile is taken.
func TestAChangeAfterOneThatNoInterfaceCanHave(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	setRoom := func(bytes string) {
		if err := os.WriteFile("/proc/sys/net/core/optmem_max", []byte(bytes), 0); err != nil {
			t.Skipf("this kernel has one for all network namespaces: %v", err)
		}
	}
	setRoom("0")
	f.set("filter", "udp port 9999")
	sent := 0
	for !f.session.merger.Pending() {
		// Until the kernel hands these over, the first change waits for them, and the second one for the first.
		f.send(1)
		sent++
		f.runFor(100 * time.Microsecond)
	}
	setRoom("100000")
	f.set("filter", "udp")
	if started := f.until("started", 2); started["filter"] != "udp" {
		t.Errorf("%v", started)
	}
	f.send(5)
	f.Terminate()
	if stopped := f.until("stopped", 1); stopped["packets"] != float64(sent+5) {
		t.Errorf("%v, %d were sent", stopped, sent+5)
	}
}

// An interface that is down for a moment only: its packets are stored once, though nothing was quiet meanwhile.
func TestAnInterfaceThatComesBackAtOnce(t *testing.T) {
	f := newFixture(t, settings.Values{"interfaces": "all"})
	if started := f.until("started", 1); len(started["interfaces"].([]any)) != 2 {
		t.Fatalf("%v", started)
	}
	f.send(10)
	nettest.Run(t, "ip", "link", "set", "eth0", "down")
	f.runFor(2 * time.Millisecond)
	nettest.Run(t, "sh", "-ec", "ip link set eth0 up; ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent")
	for !slices.Contains(f.session.names(), "eth0") {
		f.send(200)
		f.runFor(time.Millisecond)
	}
	const count = 40 * 200
	for range count / 200 {
		f.sendText(slices.Repeat([]string{"goodbye!"}, 200)...)
		f.runFor(time.Millisecond)
	}
	f.Terminate()
	f.until("stopped", 1)
	stored := 0
	for _, path := range f.files() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		stored += bytes.Count(text, []byte("goodbye!"))
	}
	// At both ends.
	if stored != 2*count {
		t.Errorf("%d packets are stored %d times", count, stored)
	}
}

// A start leaves as many closed files as a rotation does: with a ring of one file, the packets of the capture before.
func TestAStartKeepsTheFilesOfBefore(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "file-count": "1"})
	f.until("started", 1)
	f.send(5)
	f.set("state", "idle")
	f.until("idle", 1)
	before := f.files()
	f.set("state", "running")
	f.until("started", 2)
	if after := f.files(); len(before) != 1 || len(after) != 2 || after[0] != before[0] {
		t.Errorf("%q, then %q", before, after)
	}
}
