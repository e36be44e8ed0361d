package process

import (
	"fmt"
	"testing"
)

// Whatever a process is called.
func FuzzParseStat(f *testing.F) {
	f.Add(7, "sh", uint8('Z'), 1, 5)
	f.Add(1<<22, ") Z 1 1 1 (", uint8('R'), 0, 0)
	f.Add(1, "a b\n", uint8('S'), 3, 2)
	f.Fuzz(func(t *testing.T, pid int, name string, state uint8, parent, session int) {
		text := fmt.Appendf(nil, "%d (%s) %c %d 4 %d 0 -1", pid, name, 'A'+state%26, parent, session)
		want := processStat{pid: pid, parent: parent, session: session, state: 'A' + state%26}
		if got, ok := parseStat(text); !ok || got != want {
			t.Errorf("%q: %+v, not %+v", text, got, want)
		}
		// Whatever else there may be.
		_, _ = parseStat([]byte(name))
	})
}
