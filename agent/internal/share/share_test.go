package share

import (
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/traffic"
)

// capture stands for a program's captures: the flows that they leave out.
type capture struct {
	mu    sync.Mutex
	flows []traffic.Flow
	// held makes apply wait.
	held chan struct{}
}

func (c *capture) apply(flows []traffic.Flow) {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held != nil {
		<-held
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flows = slices.Clone(flows)
}

func (c *capture) applyHub(flows []traffic.Flow) error {
	c.apply(flows)
	return nil
}

func (c *capture) has(flow traffic.Flow) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.flows, flow)
}

func (c *capture) hold() (release func()) {
	held := make(chan struct{})
	c.mu.Lock()
	c.held = held
	c.mu.Unlock()
	return sync.OnceFunc(func() {
		c.mu.Lock()
		c.held = nil
		c.mu.Unlock()
		close(held)
	})
}

func flow(port uint16) traffic.Flow {
	return traffic.Flow{
		Protocol: 17, Local: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port),
		Remote: netip.MustParseAddrPort("[fd00::1%eth0]:4789"), HopLimit: 253,
	}
}

func newHub(t *testing.T, dir string, c *capture) *Hub {
	t.Helper()
	hub, err := NewHub(dir, c.applyHub)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Close)
	return hub
}

func join(t *testing.T, dir string, c *capture) *Peer {
	t.Helper()
	peer := Join(dir, c.apply)
	t.Cleanup(peer.Close)
	return peer
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after five seconds", what)
		}
	}
}

func TestFlowsAreInForceEverywhere(t *testing.T) {
	dir := t.TempDir()
	var run, mirror, stream capture
	hub := newHub(t, dir, &run)
	peers := []*Peer{join(t, dir, &mirror), join(t, dir, &stream)}
	for _, peer := range peers {
		if !peer.Known(5 * time.Second) {
			t.Fatal("a peer does not hear of the hub")
		}
	}
	if err := hub.Set([]traffic.Flow{flow(1)}); err != nil {
		t.Fatal(err)
	}
	if !run.has(flow(1)) || !mirror.has(flow(1)) || !stream.has(flow(1)) {
		t.Error("the hub's flow is not in force everywhere")
	}
	if !peers[0].Set([]traffic.Flow{flow(2)}) {
		t.Fatal("the hub does not answer")
	}
	if !run.has(flow(2)) || !stream.has(flow(2)) {
		t.Error("a peer's flow is not in force everywhere")
	}
	if mirror.has(flow(2)) {
		t.Error("a peer gets its own flow")
	}
	if !slices.Equal(peers[1].Flows(), []traffic.Flow{flow(1), flow(2)}) {
		t.Errorf("the others' flows are %v", peers[1].Flows())
	}
	peers[0].Close()
	until(t, "end of the peer's flow", func() bool { return !run.has(flow(2)) && !stream.has(flow(2)) })
	if !run.has(flow(1)) {
		t.Error("the hub's own flow went with the peer's")
	}
	// Closed already.
	peers[0].closing = make(chan struct{})
}

func TestSetWaitsForTheOthers(t *testing.T) {
	dir := t.TempDir()
	var run, mirror capture
	hub := newHub(t, dir, &run)
	if !join(t, dir, &mirror).Known(5 * time.Second) {
		t.Fatal("the peer does not hear of the hub")
	}
	release := mirror.hold()
	defer release()
	set := make(chan struct{})
	go func() {
		_ = hub.Set([]traffic.Flow{flow(1)})
		close(set)
	}()
	select {
	case <-set:
		t.Fatal("it did not wait")
	case <-time.After(200 * time.Millisecond):
	}
	release()
	select {
	case <-set:
	case <-time.After(time.Second):
		t.Fatal("it did not return")
	}
	if !mirror.has(flow(1)) {
		t.Error("it returned before the flow was in force")
	}
}

func TestOneThatDoesNotAnswerIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	var run, mirror capture
	hub := newHub(t, dir, &run)
	silent, err := net.Dial("unix", SocketPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if !join(t, dir, &mirror).Known(5 * time.Second) {
		t.Fatal("the peer does not hear of the hub")
	}
	begin := time.Now()
	_ = hub.Set([]traffic.Flow{flow(1)})
	if took := time.Since(begin); took > memberPatience+time.Second {
		t.Errorf("it took %v", took)
	}
	begin = time.Now()
	_ = hub.Set([]traffic.Flow{flow(1), flow(2)})
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the next one took %v", took)
	}
	if !mirror.has(flow(2)) {
		t.Error("the others were left behind too")
	}
}

// Whoever has gone is not waited for, even if it was asked before it went.
func TestOneThatGoesHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	var run capture
	hub := newHub(t, dir, &run)
	conn, err := net.Dial("unix", SocketPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(conn).Encode(message{ID: 1, Flows: []traffic.Flow{flow(1)}}); err != nil {
		t.Fatal(err)
	}
	// The hub sends it the others' flows then, and it does not answer.
	var sent message
	if err := json.NewDecoder(conn).Decode(&sent); err != nil || sent.ID == 0 {
		t.Fatalf("%+v, %v", sent, err)
	}
	_ = conn.Close()
	begin := time.Now()
	_ = hub.Set([]traffic.Flow{flow(2)})
	if took := time.Since(begin); took > memberPatience/2 {
		t.Errorf("it took %v", took)
	}
	until(t, "end of its flow", func() bool { return !run.has(flow(1)) })
}

func TestAPeerWaitsForTheHub(t *testing.T) {
	dir := t.TempDir()
	var run, mirror capture
	peer := join(t, dir, &mirror)
	set := make(chan bool)
	go func() { set <- peer.Set([]traffic.Flow{flow(1)}) }()
	time.Sleep(50 * time.Millisecond)
	newHub(t, dir, &run)
	if !<-set || !run.has(flow(1)) {
		t.Error("the hub that came later does not know the flow")
	}
}

func TestAHubThatBeginsAgain(t *testing.T) {
	dir := t.TempDir()
	var before, after, mirror capture
	first, err := NewHub(dir, before.applyHub)
	if err != nil {
		t.Fatal(err)
	}
	peer := join(t, dir, &mirror)
	if !peer.Set([]traffic.Flow{flow(1)}) {
		t.Fatal("the hub does not answer")
	}
	// As after SIGKILL: the socket stays, and nobody is behind it.
	_ = first.listener.Close()
	first.mu.Lock()
	for _, m := range first.members {
		_ = m.conn.Close()
	}
	first.mu.Unlock()
	until(t, "end of the connection", func() bool {
		peer.mu.Lock()
		defer peer.mu.Unlock()
		return peer.hub == nil
	})
	if begin := time.Now(); peer.Set([]traffic.Flow{flow(1), flow(2)}) || time.Since(begin) > time.Second {
		t.Error("it waited for a hub that is gone")
	}
	newHub(t, dir, &after)
	until(t, "flow in the new hub", func() bool { return after.has(flow(1)) && after.has(flow(2)) })
}

func TestAPeerWithoutAFolder(t *testing.T) {
	dir := t.TempDir() + "/later"
	var run, mirror capture
	peer := join(t, dir, &mirror)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	newHub(t, dir, &run)
	if !peer.Set([]traffic.Flow{flow(1)}) || !run.has(flow(1)) {
		t.Error("it did not find the hub")
	}
}

func TestManyChangesAtOnce(t *testing.T) {
	dir := t.TempDir()
	var run, mirror, stream capture
	hub := newHub(t, dir, &run)
	one, two := join(t, dir, &mirror), join(t, dir, &stream)
	if !one.Known(5*time.Second) || !two.Known(5*time.Second) {
		t.Fatal("the peers do not hear of the hub")
	}
	var all sync.WaitGroup
	for _, set := range []func([]traffic.Flow) bool{
		one.Set, two.Set, func(flows []traffic.Flow) bool { return hub.Set(flows) == nil },
	} {
		all.Go(func() {
			for port := range uint16(50) {
				if !set([]traffic.Flow{flow(port)}) {
					t.Error("a change was not answered")
				}
			}
		})
	}
	all.Wait()
	for _, c := range []*capture{&run, &mirror, &stream} {
		if !c.has(flow(49)) {
			t.Error("the last flow is not in force")
		}
	}
}

func TestTheHubTellsWhatIsWrong(t *testing.T) {
	wrong := errors.New("no room")
	hub, err := NewHub(t.TempDir(), func([]traffic.Flow) error { return wrong })
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	if err := hub.Set(nil); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	if _, err := NewHub(t.TempDir()+"/none", nil); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
