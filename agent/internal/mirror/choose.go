package mirror

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/links"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// interfaces are those that the settings name.
type interfaces struct {
	mirrored []mirrored
	// without are interfaces that cannot be mirrored: VXLAN carries Ethernet frames, and packets of a tunnel are not.
	without []string
	// missing are named in the settings and do not exist.
	missing []string
	// hasDevices: the mirror's own interfaces all exist.
	hasDevices bool
}

func choose(wanted settings.Interfaces) (interfaces, error) {
	all, err := netlink.LinkList()
	if err != nil {
		return interfaces{}, fmt.Errorf("cannot list interfaces: %w", err)
	}
	return chooseOf(all, wanted), nil
}

func chooseOf(all []netlink.Link, wanted settings.Interfaces) interfaces {
	var chosen interfaces
	own := 0
	byName := map[string]netlink.Link{}
	for _, link := range all {
		if links.OfMirror(link.Attrs().Name) {
			own++
			continue
		}
		byName[link.Attrs().Name] = link
	}
	chosen.hasDevices = own == 3
	for _, name := range namesWanted(byName, wanted) {
		link, there := byName[name]
		switch {
		case !there:
			chosen.missing = append(chosen.missing, name)
		case hasEthernet(link):
			chosen.mirrored = append(chosen.mirrored, mirrored{name, link.Attrs().Index})
		default:
			chosen.without = append(chosen.without, name)
		}
	}
	return chosen
}

// namesWanted are the names in the settings, or those of all interfaces that are up.
func namesWanted(byName map[string]netlink.Link, wanted settings.Interfaces) []string {
	var names []string
	if !wanted.All {
		for _, name := range wanted.Names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return names
	}
	for name, link := range byName {
		if link.Attrs().Flags&net.FlagUp != 0 && (name != "lo" || wanted.Loopback) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func hasEthernet(link netlink.Link) bool {
	kind := link.Attrs().EncapType
	return kind == "ether" || kind == "loopback"
}

// text is for comparison: a difference means that another try may have another result.
func (i interfaces) text() string {
	return fmt.Sprint(i.mirrored, i.without, i.missing)
}

func (i interfaces) problem() error {
	switch {
	case len(i.missing) > 0:
		return fmt.Errorf("there is no interface %s", strings.Join(i.missing, " "))
	case len(i.mirrored) == 0 && len(i.without) > 0:
		return fmt.Errorf("no interface is up except lo and %s, which has no Ethernet", strings.Join(i.without, " "))
	case len(i.mirrored) == 0:
		return errors.New("no interface is up except lo")
	}
	return nil
}

// wayTo finds how the copies leave. A way through a tunnel of the pod is refused without a filter, which must keep the
// tunnel's packets from being copied again, without end.
func wayTo(collector netip.Addr, mirror settings.Mirror, expression string) (target, error) {
	to := target{collector: collector, port: mirror.Port, vni: mirror.VNI}
	routes, err := netlink.RouteGet(collector.AsSlice())
	if err != nil || len(routes) == 0 || routes[0].LinkIndex == 0 {
		return to, fmt.Errorf("there is no route to %s", collector)
	}
	link, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return to, fmt.Errorf("there is no route to %s", collector)
	}
	if !hasEthernet(link) && expression == "" {
		return to, fmt.Errorf("%s is behind %s, a tunnel: set a filter that leaves the tunnel's own packets out", collector, link.Attrs().Name)
	}
	source, ok := netip.AddrFromSlice(routes[0].Src)
	if !ok {
		return to, fmt.Errorf("the pod has no address from which %s can be reached", collector)
	}
	to.source = source.Unmap()
	return to, nil
}

// flow is the flow by which captures recognize the copies.
func (t target) flow() traffic.Flow {
	return traffic.Flow{
		Protocol: unix.IPPROTO_UDP, Local: netip.AddrPortFrom(t.source, 0), Remote: netip.AddrPortFrom(t.collector, t.port), HopLimit: hopLimit,
	}
}

// unfitWords match words that the kernel's classifier cannot evaluate: it sees a packet after the tag was removed, and
// does not know the packet's direction.
var unfitWords = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.-])(vlan|inbound|outbound)(?:[^A-Za-z0-9_.-]|$)`)

func unfit(expression string) string {
	if found := unfitWords.FindStringSubmatch(expression); found != nil {
		return found[1]
	}
	return ""
}

// lasting is why an expression will fail again; empty if it may succeed later.
func lasting(err error) string {
	var syntax *filter.SyntaxError
	var costly *filter.TooCostlyError
	var long *filter.TooLongError
	switch {
	case errors.As(err, &syntax):
		return syntax.Reason
	case errors.As(err, &costly):
		return costly.Reason
	case errors.As(err, &long):
		return long.Error()
	}
	return ""
}
