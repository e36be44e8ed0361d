package traffic

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

// idleNameServer is how long a socket to a name server is kept for the next question: a lookup asks for several names
// in a row (search domains), and the name of an absent collector is looked up again and again.
const idleNameServer = 5 * time.Second

// nameServers makes the connections of the resolver. A socket is used for several questions, because each socket is a
// flow in all filters; the resolver accepts only answers to its own question.
type nameServers struct {
	dialer *Dialer
	mu     sync.Mutex
	idle   []*nameServer
}

// nameServer is a socket to a name server.
type nameServer struct {
	*udpConn
	pool   *nameServers
	remote netip.AddrPort
	timer  *time.Timer
	failed bool
}

func (n *nameServers) dial(ctx context.Context, network, address string) (net.Conn, error) {
	remote, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if network != "udp" {
		return n.dialer.dialTCP(ctx, remote)
	}
	if idle := n.take(remote); idle != nil {
		return idle, nil
	}
	conn, err := n.dialer.dialUDP(ctx, remote)
	if err != nil {
		return nil, err
	}
	return &nameServer{udpConn: conn, pool: n, remote: remote}, nil
}

func (n *nameServers) take(remote netip.AddrPort) *nameServer {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := slices.IndexFunc(n.idle, func(s *nameServer) bool { return s.remote == remote })
	if at < 0 {
		return nil
	}
	found := n.idle[at]
	n.idle = slices.Delete(n.idle, at, at+1)
	found.timer.Stop()
	return found
}

// Read reads an answer. After an error the socket is not used again.
func (s *nameServer) Read(b []byte) (int, error) {
	count, err := s.udpConn.Read(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.failed = true
	}
	return count, err
}

// Close keeps the socket for further questions for a while.
func (s *nameServer) Close() error {
	if s.failed {
		return s.udpConn.Close()
	}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.timer = time.AfterFunc(idleNameServer, s.drop)
	s.pool.idle = append(s.pool.idle, s)
	return nil
}

func (s *nameServer) drop() {
	s.pool.mu.Lock()
	at := slices.Index(s.pool.idle, s)
	if at >= 0 {
		s.pool.idle = slices.Delete(s.pool.idle, at, at+1)
	}
	s.pool.mu.Unlock()
	if at >= 0 {
		_ = s.udpConn.Close()
	}
}
