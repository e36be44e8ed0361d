package traffic

import (
	"net"
)

// Conn is a connection of the agent's own, which no capture holds.
type Conn struct {
	// TCPConn is the connection; its own Close would give the port to others too early.
	*net.TCPConn
	end *end
}

// Close ends the connection; what was written is still sent. Its port stays the agent's until no packet can come any more.
func (c *Conn) Close() error {
	c.end.close()
	return c.TCPConn.Close()
}

// Abort ends the connection by a reset; what was not sent yet is not sent.
func (c *Conn) Abort() error {
	c.end.abort()
	return c.TCPConn.Close()
}

// udpConn is a conversation by UDP. It is a PacketConn, as the resolver of Go wants one, since it holds a UDPConn.
type udpConn struct {
	*net.UDPConn
	end *end
}

func (c *udpConn) Close() error {
	c.end.close()
	return c.UDPConn.Close()
}
