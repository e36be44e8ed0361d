package share

import (
	"io"
	"net"
	"slices"
	"testing"

	"packet-capture/agent/internal/traffic"
)

// Whatever somebody says at the hub's socket: the hub stays, and forgets him when he goes.
func FuzzHub(f *testing.F) {
	f.Add([]byte(`{"id":1,"flows":[{"Protocol":17,"Local":"10.0.0.1:53","Remote":"[fd00::1%eth0]:4789","HopLimit":253}]}` + "\n"))
	f.Add([]byte(`{"done":9223372036854775807}{"id":-1}{"id":9223372036854775807,"flows":null}`))
	f.Add([]byte(`[{"id":1`))
	f.Fuzz(func(t *testing.T, said []byte) {
		c := &capture{}
		hub := &Hub{apply: c.applyHub}
		own := []traffic.Flow{flow(1)}
		if err := hub.Set(own); err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		done := make(chan struct{})
		go func() {
			hub.serve(&member{line: newLine(near)})
			close(done)
		}()
		_, _ = far.Write(said)
		_ = far.Close()
		<-done
		if flows := hub.Flows(); !slices.Equal(flows, own) || !c.has(flow(1)) || len(c.flows) != 1 {
			t.Errorf("%v, and in force %v", flows, c.flows)
		}
	})
}
