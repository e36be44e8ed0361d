package mirror

import (
	"context"
	"errors"
	"fmt"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/settings"
)

// compiled is the user's filter.
type compiled struct {
	program filter.Program
	done    bool
	asking  bool
}

// compile reports whether the user's filter is compiled. If not, it starts the compilation, once for these settings.
func (m *Mirror) compile() bool {
	if m.compiled.done || m.compiled.asking {
		return m.compiled.done
	}
	if word := unfit(m.settings.Filter); word != "" {
		m.retryLater(errors.New("the filter has vlan, inbound or outbound, which the kernel's copies cannot be chosen by"))
		return false
	}
	m.compiled.asking = true
	expression := m.settings.Filter
	m.inBackground(func(ctx context.Context) func() {
		program, err := m.options.Compile(ctx, expression)
		return func() { m.onCompiled(program, err) }
	})
	return false
}

// onCompiled takes the result of compile: a program, an invalid filter, or an error after which it is tried again.
func (m *Mirror) onCompiled(program filter.Program, err error) {
	m.compiled.asking = false
	var unknown *filter.UnknownHostError
	switch reason := lasting(err); {
	case err == nil:
		m.compiled.program, m.compiled.done = program, true
	case reason != "":
		m.refuseFilter(reason)
	case errors.As(err, &unknown):
		// The name server may know it later.
		m.retryLater(fmt.Errorf("filter: %s", unknown.Reason))
	default:
		m.retryLater(err)
	}
}

// refuseFilter makes the filter an invalid setting, and reports it.
func (m *Mirror) refuseFilter(reason string) {
	one := settings.Invalid{Setting: "filter", Value: m.settings.Filter, Reason: reason}
	m.invalid = append(m.invalid, one)
	m.reportInvalid(one)
}
