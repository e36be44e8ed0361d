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

// What the kernel shows of the filters on an interface: after each change it is read back, and compared with what was
// wanted.

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

// decode is the reverse of encode.
func decode(bytes []byte) filter.Program {
	program := make(filter.Program, len(bytes)/8)
	for i := range program {
		at := bytes[8*i:]
		program[i].Op, program[i].Jt, program[i].Jf = binary.NativeEndian.Uint16(at), at[2], at[3]
		program[i].K = binary.NativeEndian.Uint32(at[4:])
	}
	return program
}
