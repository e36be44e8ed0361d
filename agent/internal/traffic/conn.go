package traffic

import (
	"net"
)

// Conn is a TCP connection of the agent that no capture holds.
type Conn struct {
	// TCPConn is the connection; its own Close would release the port too early.
	*net.TCPConn
	end *end
}

// Close ends the connection; written data is still sent. The agent keeps the port until no packet can come any more.
func (c *Conn) Close() error {
	c.end.close()
	return c.TCPConn.Close()
}

// Abort ends the connection by a reset; data that was not sent yet is discarded.
func (c *Conn) Abort() error {
	c.end.abort()
	return c.TCPConn.Close()
}

// udpConn is a conversation by UDP. It embeds a UDPConn because Go's resolver needs a net.PacketConn.
type udpConn struct {
	*net.UDPConn
	end *end
}

func (c *udpConn) Close() error {
	c.end.close()
	return c.UDPConn.Close()
}
