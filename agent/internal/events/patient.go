package events

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// mostWaiting is how many bytes of events may wait to be read.
const mostWaiting = 256 << 10

// Patient is an output that never blocks: its reader may be slow, or stop reading for a while, and the capture goes on.
// Events that do not fit are dropped, and their number is reported when there is room again.
type Patient struct {
	out io.Writer

	mutex   sync.Mutex
	changed sync.Cond
	// waiting is still to be written; spare is the memory of what was written, to be used again.
	waiting, spare []byte
	lost           int
	writing        bool
	closed         bool
}

// NewPatient writes to out, by a goroutine of its own.
func NewPatient(out io.Writer) *Patient {
	p := &Patient{out: out}
	p.changed.L = &p.mutex
	go p.run()
	return p
}

// Write takes one event, a whole line. It never fails.
func (p *Patient) Write(line []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.waiting)+len(line) > mostWaiting {
		p.lost++
		return len(line), nil
	}
	p.waiting = append(p.waiting, line...)
	p.changed.Broadcast()
	return len(line), nil
}

func (p *Patient) run() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for {
		for len(p.waiting) == 0 {
			if p.closed {
				return
			}
			p.changed.Wait()
		}
		lines := p.waiting
		p.waiting, p.spare = p.spare[:0], nil
		if p.lost > 0 {
			lines = append(lines, lostEvent(p.lost)...)
			p.lost = 0
		}
		p.writing = true
		p.mutex.Unlock()
		// An error of the output is no reason to stop.
		_, _ = p.out.Write(lines)
		p.mutex.Lock()
		p.writing = false
		p.spare = lines[:0]
		p.changed.Broadcast()
	}
}

func lostEvent(count int) []byte {
	reason := fmt.Sprintf("%d events are missing here: nobody read them", count)
	return append(Object(Member{"time", Time(time.Now())}, Member{"event", "error"}, Member{"reason", reason}), '\n')
}

// Close returns when all is written, or that much time has passed. Nothing may be written afterwards.
func (p *Patient) Close(within time.Duration) {
	late := false
	timer := time.AfterFunc(within, func() {
		p.mutex.Lock()
		late = true
		p.changed.Broadcast()
		p.mutex.Unlock()
	})
	defer timer.Stop()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.closed = true
	p.changed.Broadcast()
	for (len(p.waiting) > 0 || p.writing) && !late {
		p.changed.Wait()
	}
}
