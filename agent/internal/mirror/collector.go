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

// findCollector reports whether the collector's address is known. A name is looked up once a minute. The address stays
// while it is one of the name's; while the name server does not know the name, the copies go where they went before.
func (m *Mirror) findCollector() bool {
	host := m.settings.Mirror.Host
	if address, err := netip.ParseAddr(host); err == nil {
		m.collector.address = address.Unmap()
		return true
	}
	if !m.collector.asking && m.collector.again == nil {
		m.collector.asking = true
		m.inBackground(func(ctx context.Context) func() {
			found, err := m.dialer.Resolver.LookupNetIP(ctx, "ip", host)
			return func() { m.onLookUp(host, found, err) }
		})
	}
	return m.collector.address.IsValid()
}

// onLookUp takes the result of a lookup, and schedules the next one.
func (m *Mirror) onLookUp(host string, found []netip.Addr, err error) {
	c := &m.collector
	c.asking = false
	if err == nil && len(found) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil && !c.address.IsValid() {
		m.retryLater(fmt.Errorf("%s: %s", host, traffic.Reason(err)))
		return
	}
	c.again = m.loop.After(lookUpEvery, func() {
		c.again = nil
		m.step()
	})
	if err != nil {
		m.reportError(fmt.Errorf("%s: %s", host, traffic.Reason(err)), lookUpEvery)
		return
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	if !slices.Contains(found, c.address) {
		c.address = found[0]
	}
}
