package traffic

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func flowTo(port uint16) Flow {
	return Flow{
		Protocol: unix.IPPROTO_TCP,
		Local:    netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port),
		Remote:   netip.MustParseAddrPort("10.0.0.2:443"),
	}
}

func TestAddReturnsWhenCapturesHaveTheFlow(t *testing.T) {
	var installed []Flow
	r := NewRegistry(func(flows []Flow) error {
		time.Sleep(20 * time.Millisecond)
		installed = flows
		return nil
	})
	release, err := r.Add(flowTo(1))
	if err != nil || !slices.Equal(installed, []Flow{flowTo(1)}) {
		t.Fatalf("installed %v, error %v", installed, err)
	}
	release()
	if len(installed) != 0 || len(r.Flows()) != 0 {
		t.Fatalf("still installed: %v", installed)
	}
}

func TestAddsAtOnceShareChanges(t *testing.T) {
	var mu sync.Mutex
	changes, most := 0, 0
	r := NewRegistry(func(flows []Flow) error {
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		changes++
		most = max(most, len(flows))
		return nil
	})
	var all sync.WaitGroup
	for port := range uint16(50) {
		all.Go(func() {
			if _, err := r.Add(flowTo(port)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if changes > 10 || most != 50 {
		t.Errorf("%d changes, %d flows", changes, most)
	}
}

func TestAddFailsWhenCapturesCannotTakeIt(t *testing.T) {
	full := errors.New("too long")
	r := NewRegistry(func(flows []Flow) error {
		if len(flows) > 0 {
			return full
		}
		return nil
	})
	if _, err := r.Add(flowTo(1)); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if len(r.Flows()) != 0 {
		t.Errorf("still there: %v", r.Flows())
	}
}

func TestThereIsALimit(t *testing.T) {
	r := NewRegistry(func([]Flow) error { return nil })
	var release func()
	for port := range uint16(MaxFlows) {
		var err error
		if release, err = r.Add(flowTo(port)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Add(flowTo(MaxFlows)); !errors.Is(err, ErrTooManyFlows) {
		t.Errorf("error %v", err)
	}
	release()
	if _, err := r.Add(flowTo(MaxFlows)); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestTheSameFlowTwiceIsInstalledOnce(t *testing.T) {
	r := NewRegistry(func([]Flow) error { return nil })
	first, _ := r.Add(flowTo(1))
	second, _ := r.Add(flowTo(1))
	if len(r.Flows()) != 1 {
		t.Errorf("%v", r.Flows())
	}
	first()
	if len(r.Flows()) != 1 {
		t.Errorf("%v", r.Flows())
	}
	second()
	if len(r.Flows()) != 0 {
		t.Errorf("%v", r.Flows())
	}
}
