package capture

import (
	"slices"
	"strings"

	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/settings"
)

// Choose finds the interfaces that the setting `interfaces` names among those of the pod: all that are up, in order of
// their names, or the named ones, in the order of the setting. missing are names of interfaces that the pod does not
// have. The mirror's own interfaces are never among them.
func Choose(all []links.Link, wanted settings.Interfaces) (present []Interface, missing []string) {
	all = slices.DeleteFunc(slices.Clone(all), func(l links.Link) bool { return links.OfMirror(l.Name) })
	if wanted.All {
		slices.SortFunc(all, func(a, b links.Link) int { return strings.Compare(a.Name, b.Name) })
		for _, l := range all {
			if l.Up && (l.Name != "lo" || wanted.Loopback) {
				present = append(present, NewInterface(l.Name, l.Index, l.Hardware))
			}
		}
		return present, nil
	}
	for _, name := range wanted.Names {
		at := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
		if at < 0 {
			missing = append(missing, name)
			continue
		}
		present = append(present, NewInterface(name, all[at].Index, all[at].Hardware))
	}
	return present, missing
}
