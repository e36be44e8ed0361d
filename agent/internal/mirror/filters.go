package mirror

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
)

// The filters on interfaces (cls_bpf). Filters of other programs stay: the qdisc clsact is made only where there is
// none, and removed only if it was made here and has no filter of another program. Whether it was made here is kept in
// the handle of the filter, which lives as long as the network namespace.

// preference is lower than most others', so that this filter runs before them: their verdict may be final.
const preference = 7

// Handles of the filter in a qdisc that existed, and in a qdisc that was made for it.
const (
	handleGuest = 0x7063
	handleOwner = 0x7064
)

// longestShown is how many instructions of a filter the kernel can show: its message must fit into 32 KiB. A program
// that cannot be read back is not attached.
const longestShown = 4000

type direction uint32

const (
	ingress direction = netlink.HANDLE_MIN_INGRESS
	egress  direction = netlink.HANDLE_MIN_EGRESS
)

type action int

const (
	// decide: the program returns the action itself.
	decide action = iota
	// copyTo hands a copy to another interface, as if it had arrived there. Filters of other programs see the packet
	// too.
	copyTo
	// redirect sends the packet out by another interface.
	redirect
)

// verdict is a program, and the action for packets for which it does not return 0.
type verdict struct {
	program filter.Program
	action  action
	// to is the index of the interface for copyTo and redirect.
	to int
}

var errForeignIngress = errors.New("another program has added the qdisc `ingress` there, so `clsact` cannot be added")

// attach adds or replaces the filter of an interface in that direction. It returns no error only if the kernel then
// shows this filter, and no other one of ours.
func attach(index int, where direction, v verdict) error {
	if len(v.program) > longestShown {
		return fmt.Errorf("the filter has %d instructions, and at most %d are allowed", len(v.program), longestShown)
	}
	present, err := look(index)
	if err != nil {
		return err
	}
	if present.foreignIngress {
		return errForeignIngress
	}
	handle := present.handle
	if handle == 0 {
		handle = handleGuest
		if !present.clsact {
			handle = handleOwner
			if err := netlink.QdiscAdd(clsact(index)); err != nil {
				return err
			}
		}
	}
	if err := addFilter(index, where, handle, v); err != nil {
		// A qdisc that was made for the filter would later be taken for another program's.
		if handle == handleOwner && present.handle == 0 {
			err = errors.Join(err, netlink.QdiscDel(clsact(index)))
		}
		return err
	}
	return verify(index, where, handle, v.program)
}

// detach removes the filters of both directions, and the qdisc if it was made for them. It checks afterwards and not
// before: a filter that the kernel cannot show would be overlooked. owner says that the qdisc was made here, if the
// caller knows; the filter says so too, unless another program has removed it.
func detach(index int, owner bool) error {
	owner = owner || owns(index)
	for _, where := range []direction{ingress, egress} {
		for _, handle := range []uint32{handleGuest, handleOwner} {
			err := netlink.FilterDel(&netlink.BpfFilter{FilterAttrs: filterAttrs(index, where, handle)})
			if err == nil && handle == handleOwner {
				owner = true
			}
		}
	}
	after, err := look(index)
	if err != nil {
		return fmt.Errorf("the kernel does not show its filters: %w", err)
	}
	if after.handle != 0 {
		return fmt.Errorf("the kernel still shows a filter (handle %#x)", after.handle)
	}
	if owner && after.clsact && !after.others {
		return netlink.QdiscDel(clsact(index))
	}
	return nil
}

func addFilter(index int, where direction, handle uint32, v verdict) error {
	attrs := filterAttrs(index, where, handle)
	request := nl.NewNetlinkRequest(unix.RTM_NEWTFILTER, unix.NLM_F_CREATE|unix.NLM_F_ACK)
	request.AddData(&nl.TcMsg{
		Family: nl.FAMILY_ALL, Ifindex: int32(index), Handle: handle, Parent: uint32(where),
		Info: netlink.MakeHandle(attrs.Priority, nl.Swap16(attrs.Protocol)),
	})
	request.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated("bpf")))
	options := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
	options.AddRtAttr(nl.TCA_BPF_OPS_LEN, nl.Uint16Attr(uint16(len(v.program))))
	options.AddRtAttr(nl.TCA_BPF_OPS, encode(v.program))
	if v.action == decide {
		options.AddRtAttr(nl.TCA_BPF_FLAGS, nl.Uint32Attr(nl.TCA_BPF_FLAG_ACT_DIRECT))
	} else if err := netlink.EncodeActions(options.AddRtAttr(nl.TCA_BPF_ACT, nil), []netlink.Action{v.mirred()}); err != nil {
		return err
	}
	request.AddData(options)
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// mirred is the action that copies or redirects; the packet itself goes on.
func (v verdict) mirred() netlink.Action {
	a := &netlink.MirredAction{Ifindex: v.to, MirredAction: netlink.TCA_INGRESS_MIRROR}
	a.Action = netlink.TC_ACT_UNSPEC
	if v.action == redirect {
		a.MirredAction = netlink.TCA_EGRESS_REDIR
		a.Action = netlink.TC_ACT_STOLEN
	}
	return a
}

func filterAttrs(index int, where direction, handle uint32) netlink.FilterAttrs {
	return netlink.FilterAttrs{
		LinkIndex: index, Parent: uint32(where), Handle: handle, Priority: preference, Protocol: unix.ETH_P_ALL,
	}
}

func clsact(index int) netlink.Qdisc {
	return &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT,
	}}
}

// encode writes a program as the kernel takes it: struct sock_filter, in this machine's order of bytes.
func encode(program filter.Program) []byte {
	out := make([]byte, 0, 8*len(program))
	for _, one := range program {
		out = binary.NativeEndian.AppendUint16(out, one.Op)
		out = append(out, one.Jt, one.Jf)
		out = binary.NativeEndian.AppendUint32(out, one.K)
	}
	return out
}
