package backoff

import (
	"slices"
	"testing"
	"time"
)

func next(b *Backoff, count int) []time.Duration {
	var delays []time.Duration
	for range count {
		delays = append(delays, b.Next())
	}
	return delays
}

func TestDelaysDoubleUpToTheMost(t *testing.T) {
	b := Backoff{First: time.Second, Most: 5 * time.Second}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
	if delays := next(&b, 5); !slices.Equal(delays, want) {
		t.Errorf("%v, not %v", delays, want)
	}
	b.Reset()
	if delays := next(&b, 5); !slices.Equal(delays, want) {
		t.Errorf("after Reset %v, not %v", delays, want)
	}
}

func TestTheFirstDelayMayBeTheMost(t *testing.T) {
	b := Backoff{First: 2 * time.Second, Most: 2 * time.Second}
	want := []time.Duration{2 * time.Second, 2 * time.Second}
	if delays := next(&b, 2); !slices.Equal(delays, want) {
		t.Errorf("%v, not %v", delays, want)
	}
}
