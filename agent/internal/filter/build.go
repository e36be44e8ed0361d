package filter

import (
	"fmt"

	"golang.org/x/net/bpf"

	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// Build makes the program of a socket: own flows are left out, then the user's program decides, and packets that it
// accepts are cut to snaplen. An empty user program accepts everything.
//
// The program returns how many bytes of the packet are kept, as the socket sees it: for a cooked socket without the
// header that the capture adds, and at least one byte, because 0 would drop the packet.
func Build(user Program, link LinkType, snaplen settings.Snaplen, own []traffic.Flow) (Program, error) {
	// Packets of an unknown link type are not IP: they belong to no flow of the agent's, but their headers are unknown.
	if !link.isKnown() && snaplen.Headers {
		return nil, fmt.Errorf("snaplen headers is not possible: the headers of link type %d are unknown", link)
	}
	var a assembler
	if len(own) > 0 && link.isKnown() {
		drops := a.label()
		passes := a.label()
		newPrologue(&a, link, own, passes, drops).write()
		a.place(drops)
		a.emit(returnK, 0)
		a.place(passes)
	}
	if err := writeUser(&a, user, link, snaplen); err != nil {
		return nil, err
	}
	return a.program()
}

// writeUser copies the user's program, and replaces its returns.
func writeUser(a *assembler, user Program, link LinkType, snaplen settings.Snaplen) error {
	if len(user) == 0 {
		user = Program{{Op: returnK, K: wholePacket}}
	}
	headers := a.label()
	for _, one := range user {
		switch {
		case one.Op == returnA:
			return fmt.Errorf("the compiler's program returns a length that it computes")
		case one.Op != returnK || one.K == 0:
			a.raw(Program{one})
		case snaplen.Headers:
			a.jump(headers)
		default:
			a.raw(Program{bpf.RawInstruction{Op: returnK, K: keptBytes(link, snaplen.Bytes)}})
		}
	}
	a.place(headers)
	if snaplen.Headers {
		writeHeaders(a, link)
	}
	return nil
}

// keptBytes is how many bytes of a packet are kept, as the socket sees it.
func keptBytes(link LinkType, bytes int) uint32 {
	switch {
	case bytes == 0:
		return wholePacket
	case link != Cooked:
		return uint32(bytes)
	}
	return uint32(max(bytes-cookedHeader, 1))
}
