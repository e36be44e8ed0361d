package agent

import (
	"runtime/debug"
	"time"
)

// tidyEvery is how often memory is given back at most.
const tidyEvery = 5 * time.Minute

// tidy gives the kernel back what the program does not use any more. By itself Go keeps what it once took for as long as it
// may want it again: with a file a second that was 3.4 MB after some minutes, and is 2.6. It is called when a file was closed,
// so that nothing wakes for it.
func (a *Agent) tidy() {
	if now := time.Now(); now.Sub(a.tidied) >= tidyEvery {
		a.tidied = now
		// Elsewhere: it takes some milliseconds.
		go debug.FreeOSMemory()
	}
}
