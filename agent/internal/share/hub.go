package share

import (
	"fmt"
	"net"
	"os"
	"slices"
	"sync"

	"packet-capture/agent/internal/traffic"
)

// Hub connects the programs; it runs in the program that captures.
type Hub struct {
	apply    func([]traffic.Flow) error
	listener *net.UnixListener
	path     string

	// updating orders changes: each has taken effect everywhere before the next begins.
	updating sync.Mutex

	mu      sync.Mutex
	own     []traffic.Flow
	members []*member
	closed  bool
}

// member is one of the other programs.
type member struct {
	*line
	// own are its flows; sent are the flows that it got last, if it was notified.
	own, sent []traffic.Flow
	notified  bool
}

// NewHub listens in the agent's folder. apply has the hub's own captures leave flows out, and returns when they do; it
// is called by one goroutine at a time, never by the caller of NewHub.
func NewHub(agentDir string, apply func([]traffic.Flow) error) (*Hub, error) {
	h := &Hub{apply: apply, path: SocketPath(agentDir)}
	// The socket gets its name when it listens, so that no member connects too early. It replaces a socket of an
	// earlier container.
	unready := h.path + ".new"
	_ = os.Remove(unready)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: unready, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the other programs in the pod: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	h.listener = listener
	if err := os.Rename(unready, h.path); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("cannot listen for the other programs in the pod: %w", err)
	}
	go h.accept()
	return h, nil
}

// Set replaces the hub's own flows. It returns when all programs leave them out.
func (h *Hub) Set(own []traffic.Flow) error {
	h.mu.Lock()
	h.own = slices.Clone(own)
	h.mu.Unlock()
	return h.update()
}

// Flows returns all current flows.
func (h *Hub) Flows() []traffic.Flow {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.flowsBut(nil)
}

// flowsBut returns all flows except one member's; mu is held.
func (h *Hub) flowsBut(left *member) []traffic.Flow {
	lists := [][]traffic.Flow{h.own}
	for _, m := range h.members {
		if m != left {
			lists = append(lists, m.own)
		}
	}
	return union(lists...)
}

// Close closes the socket and all connections.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	members := slices.Clone(h.members)
	h.mu.Unlock()
	_ = os.Remove(h.path)
	_ = h.listener.Close()
	for _, m := range members {
		_ = m.conn.Close()
	}
}

func (h *Hub) accept() {
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			return
		}
		go h.serve(&member{line: newLine(conn)})
	}
}

func (h *Hub) serve(m *member) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		_ = m.conn.Close()
		return
	}
	h.members = append(h.members, m)
	h.mu.Unlock()
	m.serve(func(flows []traffic.Flow) {
		h.mu.Lock()
		m.own = flows
		h.mu.Unlock()
		_ = h.update()
	})
	h.mu.Lock()
	h.members = slices.DeleteFunc(h.members, func(other *member) bool { return other == m })
	h.mu.Unlock()
	_ = h.update()
}

// update sends the flows to all programs, and returns when they have applied them.
func (h *Hub) update() error {
	h.updating.Lock()
	defer h.updating.Unlock()
	h.mu.Lock()
	flows := h.flowsBut(nil)
	members := slices.Clone(h.members)
	h.mu.Unlock()
	err := h.apply(flows)
	var notifying sync.WaitGroup
	for _, m := range members {
		h.mu.Lock()
		others := h.flowsBut(m)
		h.mu.Unlock()
		if m.notified && slices.Equal(others, m.sent) {
			continue
		}
		m.sent, m.notified = others, true
		notifying.Go(func() {
			if !m.ask(others, memberPatience) {
				// It may not leave the flows out. It connects again when it can.
				_ = m.conn.Close()
			}
		})
	}
	notifying.Wait()
	return err
}
