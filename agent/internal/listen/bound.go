// Package listen bounds what the agent's listeners cost.
package listen

import (
	"net"
	"slices"
	"sync"
)

// Bound is a listener with at most that many connections: the oldest is closed when another one comes, so that many
// connections cannot take memory or keep others out.
func Bound(listener net.Listener, most int) net.Listener {
	return &bounded{Listener: listener, most: most}
}

// bounded is a listener that closes its oldest connection when there are too many.
type bounded struct {
	net.Listener
	mutex sync.Mutex
	open  []*boundedConn
	most  int
}

type boundedConn struct {
	net.Conn
	listener *bounded
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &boundedConn{conn, b}
	b.mutex.Lock()
	b.open = append(b.open, c)
	var oldest *boundedConn
	if len(b.open) > b.most {
		oldest = b.open[0]
	}
	b.mutex.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return c, nil
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	b := c.listener
	b.mutex.Lock()
	b.open = slices.DeleteFunc(b.open, func(other *boundedConn) bool { return other == c })
	b.mutex.Unlock()
	return c.Conn.Close()
}
