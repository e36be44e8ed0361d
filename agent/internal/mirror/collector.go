package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/traffic"
)

// lookUpEvery is for collectors with a name.
const lookUpEvery = time.Minute

// collector is the address behind the name.
type collector struct {
	address netip.Addr
	asking  bool
	again   *loop.Timer
}

// findCollector looks a name up once a minute. It keeps its address while that still is one of its own; while the name
// server does not know it, the copies go where they went before.
func (m *Mirror) findCollector() bool {
	host := m.settings.Mirror.Host
	if address, err := netip.ParseAddr(host); err == nil {
		m.collector.address = address.Unmap()
		return true
	}
	if !m.collector.asking && m.collector.again == nil {
		m.collector.asking = true
		m.then(func(ctx context.Context) func() {
			found, err := m.dialer.Resolver.LookupNetIP(ctx, "ip", host)
			return func() { m.onLookUp(host, found, err) }
		})
	}
	return m.collector.address.IsValid()
}

func (m *Mirror) onLookUp(host string, found []netip.Addr, err error) {
	c := &m.collector
	c.asking = false
	if err == nil && len(found) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil && !c.address.IsValid() {
		m.fail(fmt.Errorf("%s: %s", host, traffic.Reason(err)))
		return
	}
	c.again = m.loop.After(lookUpEvery, func() {
		c.again = nil
		m.follow()
	})
	if err != nil {
		m.tellError(fmt.Errorf("%s: %s", host, traffic.Reason(err)), lookUpEvery)
		return
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	if !slices.Contains(found, c.address) {
		c.address = found[0]
	}
}
