package push

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"packet-capture/agent/internal/traffic"
)

// halfCloseTime: so soon the other side closes its half only because it has nothing to say: `nc -l < /dev/null`.
const halfCloseTime = time.Second

// errClosedByOther is said when the collector ends the connection.
var errClosedByOther = errors.New("closed by the other side")

// connection writes a queue to a collector, in goroutines of its own.
type connection struct {
	conn       net.Conn
	to         string
	queue      *queue
	interfaces []string
	// stall is how long the collector may read nothing while there is something to read.
	stall   time.Duration
	started time.Time
	// onEnd is called once, with nil if it was ended on purpose.
	onEnd func(error)
	once  sync.Once
	// lasted is how long it lasted, when it has ended.
	lasted time.Duration
}

// start begins to write. onEnd is called by a goroutine.
func (c *connection) start() {
	c.started = time.Now()
	go c.write()
	go c.read()
}

// write writes what the queue gives until that has ended.
func (c *connection) write() {
	for {
		page := c.queue.take()
		if page == nil {
			break
		}
		if err := c.writePage(page.bytes); err != nil {
			c.end(err)
			return
		}
		c.queue.wrote(page)
		if c.queue.isEmpty() {
			// Nothing is to wake this process while nothing is captured.
			_ = c.conn.SetWriteDeadline(time.Time{})
		}
	}
	c.end(nil)
}

// writePage writes all of it, as long as something of it is read every now and then.
func (c *connection) writePage(bytes []byte) error {
	for {
		_ = c.conn.SetWriteDeadline(time.Now().Add(c.stall))
		count, err := c.conn.Write(bytes)
		bytes = bytes[count:]
		if len(bytes) == 0 {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || count == 0 {
			return err
		}
	}
}

// read throws away what the collector sends, and notices when it ends.
func (c *connection) read() {
	bytes := make([]byte, 256)
	for {
		_, err := c.conn.Read(bytes)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && time.Since(c.started) < halfCloseTime:
			// That it ends later is noticed with the next packets.
			return
		default:
			c.end(err)
			return
		}
	}
}

// end is called by whoever first knows that it has ended: cause nil says that all was written.
func (c *connection) end(cause error) {
	c.once.Do(func() {
		c.lasted = time.Since(c.started)
		if cause != nil {
			c.queue.abort()
			c.reset()
		}
		_ = c.conn.Close()
		c.onEnd(cause)
	})
}

// finish ends it on purpose: what is in the queue is still written, if the collector reads it soon.
func (c *connection) finish() {
	c.queue.end()
}

// giveUp ends it on purpose, and at once.
func (c *connection) giveUp() {
	c.queue.abort()
	c.reset()
	c.end(nil)
}

// reset gives up what the kernel would still send.
func (c *connection) reset() {
	if own, ok := c.conn.(interface{ Abort() error }); ok {
		_ = own.Abort()
	}
}

// reasonOf says why a connection ended.
func reasonOf(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) {
		err = errClosedByOther
	}
	if errors.Is(err, errClosedByOther) {
		return err.Error()
	}
	return traffic.Reason(err)
}
