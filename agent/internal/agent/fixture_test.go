package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/events"
	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/settings"
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
	f.sendText(slices.Repeat([]string{"hello"}, count)...)
}

// sendText sends packets with these texts to nobody.
func (f *fixture) sendText(texts ...string) {
	f.t.Helper()
	conn, err := net.Dial("udp", "10.0.0.9:9999")
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range texts {
		_, _ = conn.Write([]byte(text))
	}
}

// files are the paths of all captures, the oldest first.
func (f *fixture) files() []string {
	f.t.Helper()
	files, err := filepath.Glob(filepath.Join(f.folder, "*.pcapng"))
	if err != nil {
		f.t.Fatal(err)
	}
	return files
}

// holdCompiler has all compilations wait until the function that it returns is called.
func (f *fixture) holdCompiler() (release func()) {
	held := make(chan struct{})
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.compile = func(string, string, filter.LinkType) error {
		<-held
		return nil
	}
	return func() { close(held) }
}
