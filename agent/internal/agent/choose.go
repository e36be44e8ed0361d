package agent

import (
	"slices"
	"strings"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/settings"
)

// chosen are the interfaces that the settings name.
type chosen struct {
	present []capture.Interface
	// missing are names of interfaces that the pod does not have.
	missing []string
}

// choose finds the interfaces to capture (capture.Choose).
func choose(all []links.Link, wanted settings.Interfaces) chosen {
	present, missing := capture.Choose(all, wanted)
	return chosen{present, missing}
}

// problem is why nothing can be captured; empty if there is no problem.
func (c chosen) problem() string {
	switch {
	case len(c.missing) > 0:
		return "there is no interface " + strings.Join(c.missing, " ")
	case len(c.present) == 0:
		return "no interface is up except lo"
	}
	return ""
}

func (c chosen) equal(o chosen) bool {
	return slices.Equal(c.present, o.present) && slices.Equal(c.missing, o.missing)
}
