// Package backoff says how long to wait before something that failed is tried again.
package backoff

import "time"

// Backoff is a series of delays: First, then twice as long each time, up to Most. First must be more than 0 and at most
// Most.
type Backoff struct {
	First, Most time.Duration
	// last is the delay that Next returned last; 0 if there is none since the beginning or Reset.
	last time.Duration
}

// Next returns the time to wait before the next try.
func (b *Backoff) Next() time.Duration {
	if b.last == 0 {
		b.last = b.First
	} else {
		b.last = min(2*b.last, b.Most)
	}
	return b.last
}

// Reset begins the series again: the following Next returns First.
func (b *Backoff) Reset() { b.last = 0 }
