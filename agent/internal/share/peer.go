package share

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/traffic"
)

// retryDelay is the time between two tries while the folder does not exist, and so cannot be watched.
const retryDelay = time.Second

// Peer is a program other than the hub: it keeps a connection to the hub whenever there is one.
type Peer struct {
	agentDir string
	apply    func([]traffic.Flow)
	since    time.Time
	closing  chan struct{}
	done     sync.WaitGroup

	// setting orders changes of the own flows.
	setting sync.Mutex

	mu     sync.Mutex
	own    []traffic.Flow
	others []traffic.Flow
	hub    *line
	// came is closed with the first connection.
	came    chan struct{}
	cameYet bool
	// known is closed when the hub has sent the others' flows for the first time.
	known    chan struct{}
	knownYet bool
}

// Join looks for the hub in the agent's folder from now on. apply has this program's captures leave the others' flows
// out, and returns when they do; it is called by one goroutine at a time.
func Join(agentDir string, apply func(others []traffic.Flow)) *Peer {
	p := &Peer{
		agentDir: agentDir, apply: apply, since: time.Now(),
		closing: make(chan struct{}), came: make(chan struct{}), known: make(chan struct{}),
	}
	p.done.Go(p.run)
	return p
}

// Set replaces this program's flows. It returns true when all others leave them out, and false when there is no hub, or
// the hub does not answer.
func (p *Peer) Set(own []traffic.Flow) bool {
	p.setting.Lock()
	defer p.setting.Unlock()
	p.mu.Lock()
	p.own = slices.Clone(own)
	p.mu.Unlock()
	// The hub may start a moment after this program.
	p.wait(p.came, hubPatience-time.Since(p.since))
	p.mu.Lock()
	hub := p.hub
	p.mu.Unlock()
	return hub != nil && hub.ask(own, hubPatience)
}

// Known waits until the others' flows are known, at most for that long, and reports whether they are.
func (p *Peer) Known(patience time.Duration) bool {
	return p.wait(p.known, patience)
}

func (p *Peer) wait(event chan struct{}, patience time.Duration) bool {
	timer := time.NewTimer(max(patience, 0))
	defer timer.Stop()
	select {
	case <-event:
		return true
	default:
	}
	select {
	case <-event:
		return true
	case <-p.closing:
	case <-timer.C:
	}
	return false
}

// Flows returns the others' flows, as far as they are known.
func (p *Peer) Flows() []traffic.Flow {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.others)
}

// Close ends the connection; the hub drops this program's flows.
func (p *Peer) Close() {
	close(p.closing)
	p.mu.Lock()
	if p.hub != nil {
		_ = p.hub.conn.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

func (p *Peer) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// run keeps the connection. Without a hub it waits for a new file in the folder.
func (p *Peer) run() {
	for !p.isClosing() {
		watch, err := watchFolder(p.agentDir)
		// The watch comes first, so that a hub that starts in between is not missed.
		if conn, dialErr := net.Dial("unix", SocketPath(p.agentDir)); dialErr == nil {
			p.serve(conn)
		} else if err == nil {
			p.waitFor(watch)
		} else {
			p.wait(make(chan struct{}), retryDelay)
		}
		if err == nil {
			_ = watch.Close()
		}
	}
}

func (p *Peer) serve(conn net.Conn) {
	l := newLine(conn)
	p.mu.Lock()
	p.hub = l
	// The flows from before the hub came. If this fails, the connection has ended, and so does serve below.
	_, _ = l.send(p.own, hubPatience)
	if !p.cameYet {
		p.cameYet = true
		close(p.came)
	}
	if p.isClosing() {
		_ = conn.Close()
	}
	p.mu.Unlock()
	l.serve(func(flows []traffic.Flow) {
		p.mu.Lock()
		p.others = flows
		p.mu.Unlock()
		p.apply(flows)
		p.mu.Lock()
		if !p.knownYet {
			p.knownYet = true
			close(p.known)
		}
		p.mu.Unlock()
	})
	p.mu.Lock()
	p.hub = nil
	p.mu.Unlock()
}

// waitFor waits until the hub's socket appears or the folder is removed.
func (p *Peer) waitFor(watch *os.File) {
	noticed := make(chan struct{})
	go func() {
		defer close(noticed)
		var events [4096]byte
		for {
			size, err := watch.Read(events[:])
			// Other files there change all the time.
			if err != nil || bytes.Contains(events[:size], []byte(socketName+"\x00")) || isGone(events[:size]) {
				return
			}
		}
	}()
	select {
	case <-noticed:
	case <-p.closing:
	}
}

// isGone reports whether one of the events says that the folder itself was removed.
func isGone(events []byte) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		mask, length := binary.NativeEndian.Uint32(events[4:]), binary.NativeEndian.Uint32(events[12:])
		if mask&(unix.IN_DELETE_SELF|unix.IN_IGNORED) != 0 {
			return true
		}
		events = events[min(unix.SizeofInotifyEvent+int(length), len(events)):]
	}
	return false
}

// watchFolder watches a folder for new names. Closing the file ends a read of it.
func watchFolder(dir string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	file := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO|unix.IN_DELETE_SELF|unix.IN_ONLYDIR); err != nil {
		_ = file.Close()
		return nil, os.NewSyscallError("inotify_add_watch", err)
	}
	return file, nil
}
