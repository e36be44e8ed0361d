package push

import "sync"

// pageSize is how many bytes are written at once.
const pageSize = 64 << 10

// sparePages is how many empty pages are kept for later use.
const sparePages = 4

// page is a piece of the stream.
type page struct {
	bytes []byte
	// packets counts the packets that end in this page.
	packets uint64
}

// queue holds captured packets until they are written to the connection, at most limit bytes. One goroutine adds,
// another one takes.
type queue struct {
	mu    sync.Mutex
	ready sync.Cond
	limit int
	size  int
	pages []*page
	spare []*page
	// taken is the page that is being written.
	taken   *page
	ended   bool
	aborted bool
	// written and dropped count packets.
	written, dropped uint64
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.ready.L = &q.mu
	return q
}

// begin adds the beginning of a section, regardless of the limit.
func (q *queue) begin(header []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.append(header, 0)
}

// add copies data, which holds whole packets. If there is no room for them, they are dropped and counted.
func (q *queue) add(data []byte, packets int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended || q.size+len(data) > q.limit {
		q.dropped += uint64(packets)
		return
	}
	q.append(data, uint64(packets))
}

func (q *queue) append(data []byte, packets uint64) {
	q.size += len(data)
	for len(data) > 0 {
		last := q.last()
		count := min(len(data), pageSize-len(last.bytes))
		last.bytes = append(last.bytes, data[:count]...)
		data = data[count:]
	}
	if len(q.pages) > 0 {
		q.pages[len(q.pages)-1].packets += packets
	}
	q.ready.Signal()
}

// last is a page that has room for more.
func (q *queue) last() *page {
	if count := len(q.pages); count > 0 && len(q.pages[count-1].bytes) < pageSize {
		return q.pages[count-1]
	}
	var empty *page
	if count := len(q.spare); count > 0 {
		empty, q.spare = q.spare[count-1], q.spare[:count-1]
	} else {
		empty = &page{bytes: make([]byte, 0, pageSize)}
	}
	q.pages = append(q.pages, empty)
	return empty
}

// isEmpty reports whether take would wait.
func (q *queue) isEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pages) == 0
}

// take waits for the next page; it returns nil when the queue has ended. A taken page still counts against the limit.
func (q *queue) take() *page {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pages) == 0 && !q.ended {
		q.ready.Wait()
	}
	if len(q.pages) == 0 || q.aborted {
		return nil
	}
	first := q.pages[0]
	q.pages[0] = nil
	q.pages = q.pages[1:]
	q.taken = first
	return first
}

// wrote takes back a page that was written.
func (q *queue) wrote(p *page) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken != p {
		return
	}
	q.taken = nil
	q.size -= len(p.bytes)
	q.written += p.packets
	p.bytes, p.packets = p.bytes[:0], 0
	if len(q.spare) < sparePages {
		q.spare = append(q.spare, p)
	}
}

// end lets take return the remaining pages, and then nil.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.ready.Signal()
}

// abort ends the queue at once; packets that were not written are dropped.
func (q *queue) abort() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended, q.aborted = true, true
	if q.taken != nil {
		q.dropped += q.taken.packets
		q.taken = nil
	}
	for _, p := range q.pages {
		q.dropped += p.packets
	}
	q.pages, q.spare = nil, nil
	q.ready.Signal()
}

// counts returns how many packets were written and dropped.
func (q *queue) counts() (written, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.written, q.dropped
}
