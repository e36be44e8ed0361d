package traffic

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// MaxFlows is how many flows there may be at once, including those that wait for late packets: each takes instructions
// in every capture's filter, and the kernel accepts 4096 of them.
const MaxFlows = 200

// ErrTooManyFlows means that the agent has as many connections as its filters can leave out.
var ErrTooManyFlows = errors.New("the agent has too many connections of its own")

// Registry lists all flows that captures have to leave out.
type Registry struct {
	onChange func([]Flow) error

	// applying is held while onChange runs, so that its calls follow each other. Changes made meanwhile go with the
	// next call.
	applying sync.Mutex

	mu      sync.Mutex
	entries []*entry
	// version counts changes; applied is the version that all captures have.
	version, applied uint64
	// lingering are closed ends that still hold their ports, in the order in which they will be released.
	lingering []*lingering
	timer     *time.Timer
}

// entry is one flow in the list. The same flow may be listed twice, so entries are compared by address.
type entry struct{ flow Flow }

// lingering is a closed end that still holds its port.
type lingering struct {
	*end
	until time.Time
}

// NewRegistry makes an empty list. onChange is called with all flows whenever they change, by one goroutine at a time,
// and must return only when all running captures leave them out. Add returns its error.
//
// The agent's loop must not call Add or release itself: onChange waits for the loop.
func NewRegistry(onChange func([]Flow) error) *Registry {
	return &Registry{onChange: onChange}
}

// Flows returns the current flows, for a capture that begins.
func (r *Registry) Flows() []Flow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flows()
}

func (r *Registry) flows() []Flow {
	flows := make([]Flow, 0, len(r.entries))
	for _, e := range r.entries {
		if !slices.Contains(flows, e.flow) {
			flows = append(flows, e.flow)
		}
	}
	return flows
}

// Add returns when all captures leave f out. release removes f from the list, and returns when all captures have
// dropped it; only then may the port be freed. It may be called once.
func (r *Registry) Add(f Flow) (release func(), err error) {
	e, err := r.add(f)
	if err != nil {
		return nil, err
	}
	return func() { _ = r.remove(e) }, nil
}

func (r *Registry) add(f Flow) (*entry, error) {
	e := &entry{f}
	if err := r.makeRoom(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	if len(r.entries) >= MaxFlows {
		r.mu.Unlock()
		return nil, ErrTooManyFlows
	}
	r.entries = append(r.entries, e)
	r.version++
	version := r.version
	r.mu.Unlock()
	if err := r.apply(version); err != nil {
		_ = r.remove(e)
		return nil, err
	}
	return e, nil
}

// makeRoom ends the oldest lingering ends when the list is full; a quarter of them at once, because each removal
// changes all filters.
func (r *Registry) makeRoom() error {
	r.mu.Lock()
	full := len(r.entries) >= MaxFlows
	var old []*lingering
	if full {
		count := (len(r.lingering) + 3) / 4
		old = slices.Clone(r.lingering[:count])
		r.lingering = slices.Delete(r.lingering, 0, count)
	}
	r.mu.Unlock()
	if full && len(old) == 0 {
		return ErrTooManyFlows
	}
	return r.end(old)
}

// linger keeps the flow and the port of a closed end for as long as late packets may come.
func (r *Registry) linger(e *end, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &lingering{e, time.Now().Add(d)}
	at, _ := slices.BinarySearchFunc(r.lingering, l, func(a, b *lingering) int { return a.until.Compare(b.until) })
	r.lingering = slices.Insert(r.lingering, at, l)
	if at == 0 {
		r.schedule()
	}
}

// schedule sets the timer for the first end to release. r.mu is held.
func (r *Registry) schedule() {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if len(r.lingering) > 0 {
		// A second later, so that several are released together.
		r.timer = time.AfterFunc(time.Until(r.lingering[0].until)+time.Second, r.endExpired)
	}
}

func (r *Registry) endExpired() {
	r.mu.Lock()
	now, count := time.Now(), 0
	for count < len(r.lingering) && !r.lingering[count].until.After(now) {
		count++
	}
	expired := slices.Clone(r.lingering[:count])
	r.lingering = slices.Delete(r.lingering, 0, count)
	r.schedule()
	r.mu.Unlock()
	_ = r.end(expired)
}

// end removes lingering ends from the list, and frees their ports when all captures have dropped their flows.
func (r *Registry) end(list []*lingering) error {
	if len(list) == 0 {
		return nil
	}
	entries := make([]*entry, len(list))
	for i, l := range list {
		entries[i] = l.entry
		l.finish()
	}
	err := r.remove(entries...)
	for _, l := range list {
		l.release()
	}
	return err
}

func (r *Registry) remove(entries ...*entry) error {
	r.mu.Lock()
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool { return slices.Contains(entries, e) })
	r.version++
	version := r.version
	r.mu.Unlock()
	return r.apply(version)
}

// apply returns when all captures have at least this version.
func (r *Registry) apply(version uint64) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	r.mu.Lock()
	if r.applied >= version {
		r.mu.Unlock()
		return nil
	}
	flows, latest := r.flows(), r.version
	r.mu.Unlock()
	if err := r.onChange(flows); err != nil {
		return err
	}
	r.mu.Lock()
	r.applied = latest
	r.mu.Unlock()
	return nil
}
