// Package share tells the agent's programs in a pod of each other's traffic.
//
// Up to three of them see packets at once: the one that captures (`run`), the one that has the kernel copy (`mirror`, in a
// container of its own), and one for each `packet-capture stream` (`capture`). Each leaves out the traffic of all. A
// connection is therefore made only when all of them have its flow in force: `run` is the hub, to which the others come by
// a socket in the folder that the containers share, and every change of flows is answered when it is in force.
//
// A program that does not answer, or is gone, is left behind after two seconds: it must not end the uploads of another.
package share

import (
	"encoding/json"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"packet-capture/agent/internal/traffic"
)

// socketName is the socket's, in the agent's folder.
const socketName = "own.sock"

const (
	// memberPatience is how long the hub waits for one of the others.
	memberPatience = 2 * time.Second
	// hubPatience is how long one of the others waits for the hub: it may have to wait for a third one itself.
	hubPatience = 5 * time.Second
)

// SocketPath is where the hub listens.
func SocketPath(agentDir string) string {
	return filepath.Join(agentDir, socketName)
}

// message is one line of JSON.
type message struct {
	// ID counts from 1; 0 is that of a mere answer.
	ID int64 `json:"id,omitempty"`
	// Flows are, from the hub, all but the receiver's own; to the hub, the sender's own.
	Flows []traffic.Flow `json:"flows,omitempty"`
	// Done answers all messages up to this ID: the flows of the last of them are in force.
	Done int64 `json:"done,omitempty"`
}

// line sends messages and waits for their answers.
type line struct {
	conn net.Conn

	// mu orders what is written, and guards all below.
	mu      sync.Mutex
	encoder *json.Encoder
	last    int64
	waiting map[int64]chan struct{}
	// latest is what is still to be put in force; arrived says that it is there. Only the last of several counts.
	latest  message
	arrived chan struct{}
	// ended is closed when the connection is over.
	ended chan struct{}
}

func newLine(conn net.Conn) *line {
	return &line{
		conn: conn, encoder: json.NewEncoder(conn), waiting: map[int64]chan struct{}{},
		arrived: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// ask sends flows. It returns true when the other side has them in force, false when that took too long or the connection
// is over.
func (l *line) ask(flows []traffic.Flow, patience time.Duration) bool {
	done, err := l.send(flows, patience)
	if err != nil {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-l.ended:
		return false
	case <-timer.C:
		return false
	}
}

// send sends flows; what it returns is closed when the other side has them in force.
func (l *line) send(flows []traffic.Flow, patience time.Duration) (<-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	done := make(chan struct{})
	l.waiting[l.last] = done
	return done, l.write(message{ID: l.last, Flows: flows}, patience)
}

// write writes one message; mu is held.
func (l *line) write(m message, patience time.Duration) error {
	_ = l.conn.SetWriteDeadline(time.Now().Add(patience))
	return l.encoder.Encode(m)
}

// serve reads until the connection is over. take puts the other side's flows in force; it runs in a goroutine of its own, so
// that answers are heard meanwhile.
func (l *line) serve(take func([]traffic.Flow)) {
	var taking sync.WaitGroup
	taking.Go(func() { l.takeAll(take) })
	decoder := json.NewDecoder(l.conn)
	for {
		var m message
		if decoder.Decode(&m) != nil {
			break
		}
		l.read(m)
	}
	_ = l.conn.Close()
	// First, since what is being put in force may wait for an answer from this very line.
	close(l.ended)
	close(l.arrived)
	taking.Wait()
}

func (l *line) read(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, done := range l.waiting {
		if id <= m.Done {
			delete(l.waiting, id)
			close(done)
		}
	}
	if m.ID > 0 {
		l.latest = m
		select {
		case l.arrived <- struct{}{}:
		default:
		}
	}
}

func (l *line) takeAll(take func([]traffic.Flow)) {
	for range l.arrived {
		l.mu.Lock()
		m := l.latest
		l.mu.Unlock()
		take(m.Flows)
		l.mu.Lock()
		_ = l.write(message{Done: m.ID}, memberPatience)
		l.mu.Unlock()
	}
}

// union is the flows of all lists, each once.
func union(lists ...[]traffic.Flow) []traffic.Flow {
	var all []traffic.Flow
	for _, list := range lists {
		for _, flow := range list {
			if !slices.Contains(all, flow) {
				all = append(all, flow)
			}
		}
	}
	return all
}
