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

// halfCloseTime: a collector that closes its half of the connection within that time still reads: `nc -l < /dev/null`.
const halfCloseTime = time.Second

// errClosedByOther is the reason when the collector ends the connection.
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
	// lasted is how long the connection lasted; it is set when it has ended.
	lasted time.Duration
}

// start begins to write. A goroutine calls onEnd.
func (c *connection) start() {
	c.started = time.Now()
	go c.write()
	go c.read()
}

// write writes the pages of the queue until it has ended.
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
			// Without this, the deadline's timer would wake the process while nothing is captured.
			_ = c.conn.SetWriteDeadline(time.Time{})
		}
	}
	c.end(nil)
}

// writePage writes the page. It fails when the collector reads nothing for c.stall.
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

// read discards what the collector sends, and notices when the collector closes the connection.
func (c *connection) read() {
	bytes := make([]byte, 256)
	for {
		_, err := c.conn.Read(bytes)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && time.Since(c.started) < halfCloseTime:
			// If the connection ends later, the next write fails.
			return
		default:
			c.end(err)
			return
		}
	}
}

// end ends the connection; only the first call counts. A nil cause means that everything was written.
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

// finish ends the connection on purpose: the rest of the queue is still written if the collector reads it soon.
func (c *connection) finish() {
	c.queue.end()
}

// giveUp ends the connection on purpose and at once.
func (c *connection) giveUp() {
	c.queue.abort()
	c.reset()
	c.end(nil)
}

// reset discards what the kernel would still send.
func (c *connection) reset() {
	if own, ok := c.conn.(interface{ Abort() error }); ok {
		_ = own.Abort()
	}
}

// reasonOf is why a connection ended, in words for people.
func reasonOf(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) {
		err = errClosedByOther
	}
	if errors.Is(err, errClosedByOther) {
		return err.Error()
	}
	return traffic.Reason(err)
}
