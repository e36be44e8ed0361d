package agent

import (
	"slices"
	"strings"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/settings"
)

// ownInterfaces is what the names of the mirror's interfaces begin with; they are none of the pod's.
const ownInterfaces = "pcmirror"

// chosen are the interfaces that the settings name.
type chosen struct {
	present []capture.Interface
	// missing are names of those that are not there.
	missing []string
}

// choose says which interfaces are to be captured: all that are up, by their names, or those that are named, in that order.
func choose(all []links.Link, wanted settings.Interfaces) chosen {
	all = slices.DeleteFunc(slices.Clone(all), func(l links.Link) bool { return strings.HasPrefix(l.Name, ownInterfaces) })
	var c chosen
	if wanted.All {
		slices.SortFunc(all, func(a, b links.Link) int { return strings.Compare(a.Name, b.Name) })
		for _, l := range all {
			if l.Up && (l.Name != "lo" || wanted.Loopback) {
				c.present = append(c.present, capture.NewInterface(l.Name, l.Index, l.Hardware))
			}
		}
		return c
	}
	for _, name := range wanted.Names {
		at := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
		if at < 0 {
			c.missing = append(c.missing, name)
			continue
		}
		c.present = append(c.present, capture.NewInterface(name, all[at].Index, all[at].Hardware))
	}
	return c
}

// problem is why nothing can be captured; empty if there is none.
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
