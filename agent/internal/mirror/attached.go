package mirror

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
)

// kernel is what the kernel has been asked to copy: which interfaces the filter is attached to, and where copies go.
type kernel struct {
	// build makes the program that chooses packets: the user's, without the agent's own flows.
	build func(user filter.Program) (filter.Program, error)
	// target is where copies go; its port is 0 while nothing is copied.
	target   target
	attached []mirrored
	user     filter.Program
	// owned has the indices of interfaces whose qdisc was made here.
	owned map[int]bool
}

// mirrored is an interface of the pod's.
type mirrored struct {
	name  string
	index int
}

// directions: on lo the kernel hands every packet over twice, when it leaves and when it arrives.
func (m mirrored) directions() []direction {
	if m.name == "lo" {
		return []direction{ingress}
	}
	return []direction{egress, ingress}
}

func namesOf(list []mirrored) []string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = one.name
	}
	return names
}

func (k *kernel) isActive() bool { return k.target.port != 0 }

// copies reports whether the kernel makes exactly these copies already. Another program may have removed the
// interfaces.
func (k *kernel) copies(to target, chosen interfaces, user filter.Program) bool {
	return k.isActive() && k.target == to && chosen.hasDevices && slices.Equal(k.attached, chosen.mirrored) && slices.Equal(k.user, user)
}

// lost returns the name of an interface from which another program has removed the mirror's filter; empty if there is
// none. The mirror's own interfaces are checked too: without their filters no copy arrives.
func (k *kernel) lost() string {
	own, err := linksByName(tunnelName, entranceName)
	if err != nil {
		return ""
	}
	for _, link := range own {
		if !holds(link.Attrs().Index, ingress) {
			return link.Attrs().Name
		}
	}
	for _, one := range k.attached {
		for _, where := range one.directions() {
			if !holds(one.index, where) && !isGone(one.index) {
				return one.name
			}
		}
	}
	return ""
}

// start makes the kernel copy the packets of the wanted interfaces that user chooses, and ends the copies of all
// others. The mirror's own interfaces are made if nothing was copied before.
func (k *kernel) start(to target, wanted []mirrored, user filter.Program) error {
	program, err := k.program(user)
	if err != nil {
		return err
	}
	if !k.isActive() {
		if err := makeDevices(to); err != nil {
			return err
		}
		k.target, k.owned = to, map[int]bool{}
	}
	for _, one := range k.attached {
		if !slices.Contains(wanted, one) {
			if err := detach(one.index, k.owned[one.index]); err != nil && !isGone(one.index) {
				return fmt.Errorf("cannot end the mirror of %s: %w", one.name, err)
			}
		}
	}
	k.attached, k.user = slices.Clone(wanted), user
	return k.attachAll(program)
}

// reattach builds the program again, for other flows of the agent's own, and attaches it to all mirrored interfaces.
func (k *kernel) reattach() error {
	program, err := k.program(k.user)
	if err != nil {
		return err
	}
	return k.attachAll(program)
}

// program builds what is attached for the user's program. The error is a filter.TooLongError if the kernel could not
// show it.
func (k *kernel) program(user filter.Program) (filter.Program, error) {
	program, err := k.build(user)
	if err != nil {
		return nil, err
	}
	if len(program) > longestShown {
		return nil, &filter.TooLongError{Instructions: len(program), Most: longestShown}
	}
	return program, nil
}

// attachAll attaches a program to all mirrored interfaces but those that have gone.
func (k *kernel) attachAll(program filter.Program) error {
	entrance, err := linksByName(entranceName)
	if err != nil {
		return err
	}
	v := verdict{program: program, action: copyTo, to: entrance[0].Attrs().Index}
	for _, one := range k.attached {
		for _, where := range one.directions() {
			if err := attach(one.index, where, v); err != nil && !isGone(one.index) {
				return fmt.Errorf("cannot mirror %s: %w", one.name, err)
			}
		}
		if owns(one.index) {
			k.owned[one.index] = true
		}
	}
	return nil
}

// isGone reports whether the interface no longer exists, and its filters with it.
func isGone(index int) bool {
	_, err := netlink.LinkByIndex(index)
	return errors.As(err, new(netlink.LinkNotFoundError))
}

// clear removes the mirror from all interfaces. Once the mirror's own interfaces are removed nothing is copied, even if
// another step fails.
func (k *kernel) clear() error {
	owned := k.owned
	k.target, k.attached, k.user, k.owned = target{}, nil, nil, nil
	all, err := netlink.LinkList()
	errs := []error{err}
	for _, link := range all {
		if links.OfMirror(link.Attrs().Name) {
			continue
		}
		if err := detach(link.Attrs().Index, owned[link.Attrs().Index]); err != nil && !isGone(link.Attrs().Index) {
			errs = append(errs, fmt.Errorf("%s: %w", link.Attrs().Name, err))
		}
	}
	return errors.Join(append(errs, removeDevices())...)
}
