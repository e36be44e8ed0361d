// Package share exchanges the flows of own traffic among the agent's programs in a pod.
//
// Three kinds of them see packets: the one that captures (`run`), the one that has the kernel copy packets (`mirror`,
// in a container of its own), and one for each `packet-capture stream` (`capture`). Each leaves out the traffic of all.
// So a connection is made only when all of them leave its flow out: `run` is the hub, the others connect to its socket
// in the folder that the containers share, and every change of flows is answered when it has taken effect.
//
// A program that does not answer within two seconds, or is gone, is disconnected: it must not stop the uploads of
// another.
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

// socketName is the name of the hub's socket in the agent's folder.
const socketName = "own.sock"

const (
	// memberPatience is how long the hub waits for a member.
	memberPatience = 2 * time.Second
	// hubPatience is how long a member waits for the hub, which may have to wait for another member.
	hubPatience = 5 * time.Second
)

// SocketPath is the path of the hub's socket.
func SocketPath(agentDir string) string {
	return filepath.Join(agentDir, socketName)
}

// message is one line of JSON.
type message struct {
	// ID counts from 1; 0 means that the message is only an answer.
	ID int64 `json:"id,omitempty"`
	// Flows are, from the hub, all except the receiver's own; to the hub, the sender's own.
	Flows []traffic.Flow `json:"flows,omitempty"`
	// Done answers all messages up to this ID: the flows of the last of them have taken effect.
	Done int64 `json:"done,omitempty"`
}

// line sends messages and waits for their answers.
type line struct {
	conn net.Conn

	// mu orders writes, and guards all fields below.
	mu      sync.Mutex
	encoder *json.Encoder
	last    int64
	waiting map[int64]chan struct{}
	// latest is the last message with flows, still to be applied; arrived reports that there is one.
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

// ask sends flows. It returns true when the other side has applied them, false when that took too long or the
// connection has ended.
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

// send sends flows; the channel is closed when the other side has applied them.
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

// serve reads until the connection ends. take applies the other side's flows; it runs in a goroutine of its own, so
// that answers are read meanwhile.
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

// union returns the flows of all lists without duplicates.
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
