package process

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// releaseDelay is the time from work to the release of its memory: the status and the events that follow are then
// written.
const releaseDelay = 3 * time.Second

var releasing atomic.Bool

// ReleaseMemory gives memory that is not used back to the system within some seconds. Call it after work that does not
// come often: the next collection of garbage may be far away, and until then the process would keep what the work has
// used. It may be called from any goroutine, and never blocks.
func ReleaseMemory() {
	if releasing.CompareAndSwap(false, true) {
		time.AfterFunc(releaseDelay, func() {
			releasing.Store(false)
			// A pool keeps its content over one collection; the second one is that of FreeOSMemory.
			runtime.GC()
			debug.FreeOSMemory()
		})
	}
}
