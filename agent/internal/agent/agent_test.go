package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/status"
)

// fixture is an agent in a network namespace of the test's, whose loop runs while until waits.
type fixture struct {
	*Agent
	t      *testing.T
	said   *output
	values settings.Values
	folder string
	// mutex guards compile, which is called by goroutines.
	mutex   sync.Mutex
	compile func(expression, iface string, link filter.LinkType) error
}

// output keeps the events. They are written on the loop, and by goroutines.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(text)
}

// event is one line.
type event map[string]any

func (o *output) events() []event {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var all []event
	for line := range strings.Lines(o.text.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			panic(err)
		}
		all = append(all, e)
	}
	return all
}

func newFixture(t *testing.T, values settings.Values) *fixture {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip(err)
	}
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, said: &output{}, values: values, folder: t.TempDir()}
	compiler := &filter.Compiler{Path: tcpdump}
	options := Options{
		Loop: l, Log: events.NewLog(f.said), Version: "1.2.3",
		Compile: func(ctx context.Context, expression, iface string, link filter.LinkType) (filter.Program, error) {
			f.mutex.Lock()
			compile := f.compile
			f.mutex.Unlock()
			if compile != nil {
				if err := compile(expression, iface, link); err != nil {
					return nil, err
				}
			}
			// Goroutines are not in the test's namespace, hence without the interface.
			return compiler.Compile(ctx, expression, "", link)
		},
	}
	options.FromEnvironment(func(name string) (string, bool) {
		value, ok := map[string]string{"POD_NAME": "web-1", "POD_NAMESPACE": "shop", "NODE_NAME": "node0", "PACKET_CAPTURE_DIR": f.folder}[name]
		return value, ok
	})
	if f.values["interfaces"] == "" {
		// What leaves by eth0 comes in by its other end.
		f.values["interfaces"] = "eth0"
	}
	f.Agent = New(options)
	f.Start()
	f.Take(values)
	return f
}

// set changes settings.
func (f *fixture) set(name, value string) {
	f.values = maps.Clone(f.values)
	f.values[name] = value
	f.Take(f.values)
}

// runFor runs the loop.
func (f *fixture) runFor(d time.Duration) {
	f.t.Helper()
	f.loop.After(d, f.loop.Stop)
	if err := f.loop.Run(); err != nil {
		f.t.Fatal(err)
	}
}

// until runs the loop until an event comes for the nth time, and gives it.
func (f *fixture) until(name string, n int) event {
	f.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); f.runFor(2 * time.Millisecond) {
		seen := 0
		for _, e := range f.said.events() {
			if e["event"] == name {
				if seen++; seen == n {
					return e
				}
			}
		}
	}
	f.t.Fatalf("no event %q for the %d. time in\n%s", name, n, f.said.text.String())
	return nil
}

// names are those of the events so far.
func (f *fixture) names() []string {
	var names []string
	for _, e := range f.said.events() {
		names = append(names, e["event"].(string))
	}
	return names
}

// send sends packets to nobody.
func (f *fixture) send(count int) {
	f.t.Helper()
	conn, err := net.Dial("udp", "10.0.0.9:9999")
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	for range count {
		_, _ = conn.Write([]byte("hello"))
	}
}

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

func TestChoose(t *testing.T) {
	all := []links.Link{{Name: "lo", Index: 1, Hardware: 772, Up: true}, {Name: "eth1", Index: 3, Hardware: 1, Up: true}, {Name: "eth0", Index: 2, Hardware: 1, Up: true},
		{Name: "down0", Index: 4, Hardware: 1}, {Name: "pcmirror0", Index: 5, Hardware: 1, Up: true}}
	for _, test := range []struct {
		wanted  settings.Interfaces
		present string
		problem string
	}{
		{settings.Interfaces{All: true}, "eth0 eth1", ""},
		{settings.Interfaces{All: true, Loopback: true}, "eth0 eth1 lo", ""},
		{settings.Interfaces{Names: []string{"eth1", "down0", "lo"}}, "eth1 down0 lo", ""},
		{settings.Interfaces{Names: []string{"eth0", "net1", "net2"}}, "eth0", "there is no interface net1 net2"},
		{settings.Interfaces{Names: []string{"pcmirror0"}}, "", "there is no interface pcmirror0"},
	} {
		got := choose(all, test.wanted)
		if names := strings.Join(namesOf(got.present), " "); names != test.present || got.problem() != test.problem {
			t.Errorf("%+v: %s, %q", test.wanted, names, got.problem())
		}
	}
	if problem := choose(all[:1], settings.Interfaces{All: true}).problem(); problem != "no interface is up except lo" {
		t.Errorf("%q", problem)
	}
}

func namesOf(interfaces []capture.Interface) []string {
	var names []string
	for _, i := range interfaces {
		names = append(names, i.Name)
	}
	return names
}
