package mirror

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
)

// The filters on interfaces (cls_bpf). Filters of other programs stay: the qdisc clsact is made only where there is none, and
// removed only if it was made here and has no filter of another program. Whether it was made here is kept in the handle of the
// filter, which lives as long as the network namespace.

// preference is lower than most others', so that this filter runs before them: their verdict may be final.
const preference = 7

// Handles of the filter in a qdisc that existed, and in a qdisc that was made for it.
const (
	handleGuest = 0x7063
	handleOwner = 0x7064
)

// longestProgram is how many instructions the kernel can show: its message about a filter must fit into 32 KiB. A program that
// cannot be read back is not attached.
const longestProgram = 4000

type direction uint32

const (
	ingress direction = netlink.HANDLE_MIN_INGRESS
	egress  direction = netlink.HANDLE_MIN_EGRESS
)

type action int

const (
	// decide: the program returns the action itself.
	decide action = iota
	// copyTo hands a copy to another interface, as if it had arrived there. Filters of other programs see the packet too.
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

// attach adds or replaces the filter of an interface in that direction. It returns no error only if the kernel then shows this
// filter, and no other one of ours.
func attach(index int, where direction, v verdict) error {
	if len(v.program) > longestProgram {
		return fmt.Errorf("the filter has %d instructions, and at most %d are allowed", len(v.program), longestProgram)
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

// verify returns an error unless the kernel shows the filter that was added, and no other one of ours.
func verify(index int, where direction, handle uint32, wanted filter.Program) error {
	shown, err := list(index, where)
	if err != nil {
		return fmt.Errorf("the kernel does not show its filters: %w", err)
	}
	found := 0
	for _, one := range shown {
		if !one.isOurs() {
			continue
		}
		if one.handle != handle || !slices.Equal(one.program, wanted) {
			return fmt.Errorf("the kernel shows a different filter (handle %#x, %d instructions) from the one that was added", one.handle, len(one.program))
		}
		found++
	}
	if found != 1 {
		return fmt.Errorf("the kernel shows %d filters instead of one", found)
	}
	return nil
}

// holds reports whether the kernel shows a filter of ours there, whatever its program.
func holds(index int, where direction) bool {
	all, err := list(index, where)
	return err == nil && slices.ContainsFunc(all, shown.isOurs)
}

// detach removes the filters of both directions, and the qdisc if it was made for them. It checks afterwards and not before: a
// filter that the kernel cannot show would be overlooked. owner says that the qdisc was made here, if the caller knows; the
// filter says so too, unless another program has removed it.
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

// owns reports whether the kernel shows a filter for which the qdisc was made.
func owns(index int) bool {
	f, err := look(index)
	return err == nil && f.handle == handleOwner
}

// found describes the qdisc and the filters of an interface.
type found struct {
	clsact bool
	// foreignIngress: the older qdisc, in the same place, which has one direction only.
	foreignIngress bool
	// handle is the handle of our filters; 0: there are none.
	handle uint32
	// others: filters that are not ours.
	others bool
}

func look(index int) (found, error) {
	var f found
	qdiscs, err := netlink.QdiscList(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: index}})
	if err != nil {
		return f, err
	}
	for _, qdisc := range qdiscs {
		if qdisc.Attrs().Parent == netlink.HANDLE_CLSACT {
			f.clsact = qdisc.Type() == "clsact"
			f.foreignIngress = !f.clsact
		}
	}
	if !f.clsact {
		return f, nil
	}
	for _, where := range []direction{ingress, egress} {
		shown, err := list(index, where)
		if err != nil {
			return f, err
		}
		for _, one := range shown {
			if one.isOurs() {
				f.handle = one.handle
			} else {
				f.others = true
			}
		}
	}
	return f, nil
}

// shown is a filter as read from the kernel.
type shown struct {
	preference uint16
	kind       string
	handle     uint32
	program    filter.Program
}

func (s shown) isOurs() bool {
	return s.preference == preference && s.kind == "bpf" && (s.handle == handleGuest || s.handle == handleOwner)
}

// list returns all filters in one direction. The netlink library does not return classic programs.
func list(index int, where direction) ([]shown, error) {
	request := nl.NewNetlinkRequest(unix.RTM_GETTFILTER, unix.NLM_F_DUMP)
	request.AddData(&nl.TcMsg{Family: nl.FAMILY_ALL, Ifindex: int32(index), Parent: uint32(where)})
	messages, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWTFILTER)
	if err != nil {
		return nil, err
	}
	var all []shown
	for _, message := range messages {
		one, err := parseFilter(message)
		if err != nil {
			return nil, err
		}
		// The kernel also shows the list itself, which has no handle.
		if one.handle != 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

func parseFilter(message []byte) (shown, error) {
	var s shown
	if len(message) < nl.SizeofTcMsg {
		return s, errCut
	}
	head := nl.DeserializeTcMsg(message)
	s.handle = head.Handle
	s.preference = uint16(head.Info >> 16)
	err := eachAttribute(message[nl.SizeofTcMsg:], func(kind uint16, value []byte) error {
		switch kind {
		case nl.TCA_KIND:
			s.kind = unix.ByteSliceToString(value)
		case nl.TCA_OPTIONS:
			return eachAttribute(value, func(kind uint16, value []byte) error {
				if kind == nl.TCA_BPF_OPS {
					s.program = decode(value)
				}
				return nil
			})
		}
		return nil
	})
	return s, err
}

var errCut = errors.New("the kernel's answer is cut short")

// eachAttribute calls a function for each attribute; unlike the library's parser it checks all lengths.
func eachAttribute(attributes []byte, fn func(kind uint16, value []byte) error) error {
	for len(attributes) > 0 {
		if len(attributes) < unix.SizeofRtAttr {
			return errCut
		}
		length, kind := int(binary.NativeEndian.Uint16(attributes)), binary.NativeEndian.Uint16(attributes[2:])
		if length < unix.SizeofRtAttr || length > len(attributes) {
			return errCut
		}
		if err := fn(kind&nl.NLA_TYPE_MASK, attributes[unix.SizeofRtAttr:length]); err != nil {
			return err
		}
		// The next one begins at a multiple of four; the last one may have no padding.
		attributes = attributes[min((length+3)&^3, len(attributes)):]
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

// encode and decode: struct sock_filter, in this machine's order of bytes.
func encode(program filter.Program) []byte {
	out := make([]byte, 0, 8*len(program))
	for _, one := range program {
		out = binary.NativeEndian.AppendUint16(out, one.Op)
		out = append(out, one.Jt, one.Jf)
		out = binary.NativeEndian.AppendUint32(out, one.K)
	}
	return out
}

func decode(bytes []byte) filter.Program {
	program := make(filter.Program, len(bytes)/8)
	for i := range program {
		at := bytes[8*i:]
		program[i].Op, program[i].Jt, program[i].Jf = binary.NativeEndian.Uint16(at), at[2], at[3]
		program[i].K = binary.NativeEndian.Uint32(at[4:])
	}
	return program
}
