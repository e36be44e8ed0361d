package process

import (
	"runtime"
	"testing"
	"time"
)

// Several calls are one release, of which two collections are a part.
func TestReleaseMemory(t *testing.T) {
	collections := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	before := collections()
	for range 10 {
		ReleaseMemory()
	}
	if count := collections() - before; count != 0 {
		t.Errorf("%d collections at once", count)
	}
	for end := time.Now().Add(20 * time.Second); collections()-before < 2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if count := collections() - before; count != 2 {
		t.Errorf("%d collections", count)
	}
}
