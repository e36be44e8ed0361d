package links

import (
	"slices"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/nettest"
)

func names(t *testing.T) []string {
	t.Helper()
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, link := range list {
		name := link.Name
		if !link.Up {
			name += " down"
		}
		if link.Index <= 0 || link.Hardware == 0 {
			t.Errorf("%+v", link)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func TestListAndWatch(t *testing.T) {
	nettest.Enter(t)
	calls := 0
	for _, step := range []struct {
		do   []string
		want []string
	}{
		{[]string{"ip", "link", "show"}, []string{"lo"}},
		{[]string{"ip", "link", "add", "eth0", "type", "veth", "peer", "name", "a.b-c_0123456789"[:15]}, []string{"a.b-c_012345678 down", "eth0 down", "lo"}},
		{[]string{"ip", "link", "set", "eth0", "up"}, []string{"a.b-c_012345678 down", "eth0", "lo"}},
		{[]string{"ip", "link", "delete", "eth0"}, []string{"lo"}},
	} {
		before := calls
		l, err := loop.New()
		if err != nil {
			t.Fatal(err)
		}
		if err := Watch(l, func() { calls++ }); err != nil {
			t.Fatal(err)
		}
		l.After(time.Millisecond, func() {
			nettest.Run(t, step.do[0], step.do[1:]...)
			l.After(10*time.Millisecond, l.Stop)
		})
		if err := l.Run(); err != nil {
			t.Fatal(err)
		}
		if got := names(t); !slices.Equal(got, step.want) {
			t.Errorf("after %q there are %q, not %q", step.do, got, step.want)
		}
		if changed := step.do[2] != "show"; changed != (calls > before) {
			t.Errorf("after %q: %d calls", step.do, calls-before)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(dumpRequest())
	f.Fuzz(func(t *testing.T, messages []byte) {
		_, _ = eachMessage(messages, func(_ uint16, body []byte) error {
			parse(body)
			return nil
		})
	})
}
