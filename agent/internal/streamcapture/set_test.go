package streamcapture

import (
	"context"
	"errors"
	"os"
	"testing"

	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/settings"
)

// packetsOf counts the packets of a capture that has ended.
func packetsOf(t *testing.T, r *running) (packets uint64, size int) {
	t.Helper()
	content := <-r.bytes
	path := t.TempDir() + "/live.pcapng"
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count, _, err := pcapng.Count(file)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(count), len(content)
}

func TestSetMovesTheFilterWhileItCaptures(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	ctx := context.Background()
	r := start(t, Options{Interfaces: settings.Interfaces{Names: []string{"eth0"}}, Filter: "udp port 99", AgentDir: t.TempDir()})
	both := func() {
		send(t, "10.0.0.9:99", 5)
		send(t, "10.0.0.9:98", 3)
	}
	both()
	if err := r.Set(ctx, "udp port 98", settings.Snaplen{}); err != nil {
		t.Fatal(err)
	}
	both()
	var refusal *Refusal
	if err := r.Set(ctx, "udp port (", settings.Snaplen{Bytes: 1}); !errors.As(err, &refusal) || refusal.Setting != "filter" {
		t.Errorf("got %v", err)
	}
	both()
	if counts, err := r.Counts(); err != nil || len(counts) != 1 || counts[0] != (Lost{"eth0", 5 + 3 + 3, 0}) {
		t.Errorf("counted %+v, %v", counts, err)
	}
	if err := r.Set(ctx, "", settings.Snaplen{Headers: true}); err != nil {
		t.Fatal(err)
	}
	both()
	r.End()
	if end := <-r.ended; end.err != nil || len(end.lost) != 1 || end.lost[0].Packets < 5+3+3+8 {
		t.Errorf("ended with %+v", end)
	}
	// 142 bytes each before, and their headers alone after the last Set; ARP may come besides.
	if packets, size := packetsOf(t, r); packets < 19 || size > 11*200+20*100 {
		t.Errorf("%d packets, %d bytes", packets, size)
	}
}

func TestSetAfterTheEnd(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	r := start(t, Options{Interfaces: settings.Interfaces{All: true}, AgentDir: t.TempDir()})
	r.End()
	<-r.ended
	if err := r.Set(context.Background(), "", settings.Snaplen{}); !errors.Is(err, ErrEnding) {
		t.Errorf("got %v", err)
	}
}
