package filter

import (
	"encoding/binary"
	"testing"

	"packet-capture/agent/internal/settings"
)

// referenceHeaders says how long the headers of a packet are. It is written from the standards and shares nothing with
// the program in headers.go: https://www.rfc-editor.org/rfc/rfc791, rfc8200, rfc4302, rfc9293, rfc768, rfc792, rfc4443,
// rfc826.
func referenceHeaders(p packet, link LinkType) int {
	rest := p.bytes
	done := 0
	take := func(count int) { done += count; rest = rest[count:] }
	var ethertype uint16
	switch link {
	case Ethernet:
		if len(rest) < 14 {
			return 14
		}
		ethertype = binary.BigEndian.Uint16(rest[12:])
		take(14)
		for tags := 0; tags < 3 && (ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100); tags++ {
			if len(rest) < 4 {
				return done
			}
			ethertype = binary.BigEndian.Uint16(rest[2:])
			take(4)
		}
	case Cooked:
		ethertype = uint16(p.protocol)
	default:
		switch {
		case len(rest) > 0 && rest[0]>>4 == 4:
			ethertype = 0x0800
		case len(rest) > 0 && rest[0]>>4 == 6:
			ethertype = 0x86dd
		}
	}
	switch ethertype {
	case 0x0800:
		return done + referenceFour(rest)
	case 0x86dd:
		return done + referenceSix(rest)
	case 0x0806, 0x8035:
		if len(rest) >= 28 && rest[4] == 6 && rest[5] == 4 {
			return done + 28
		}
	}
	return done
}

func referenceFour(b []byte) int {
	if len(b) < 20 || b[0]>>4 != 4 {
		return 0
	}
	length := int(b[0]&15) * 4
	if total := int(binary.BigEndian.Uint16(b[2:])); total != 0 && total < len(b) {
		b = b[:total]
	}
	if length < 20 || length > len(b) {
		return 0
	}
	if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return length
	}
	return length + referenceTransport(b[length:], b[9], 1)
}

func referenceSix(b []byte) int {
	if len(b) < 40 || b[0]>>4 != 6 {
		return 0
	}
	if payload := int(binary.BigEndian.Uint16(b[4:])); payload != 0 && 40+payload < len(b) {
		b = b[:40+payload]
	}
	done, protocol := 40, b[6]
	for range 8 {
		rest := b[done:]
		length := 0
		switch protocol {
		case 0, 43, 60:
			if len(rest) < 2 {
				return done
			}
			length = 8 + int(rest[1])*8
		case 44:
			length = 8
		case 51:
			if len(rest) < 2 {
				return done
			}
			length = 8 + int(rest[1])*4
		default:
			return done + referenceTransport(rest, protocol, 58)
		}
		if length > len(rest) {
			return done
		}
		if protocol == 44 && binary.BigEndian.Uint16(rest[2:])>>3 != 0 {
			return done + 8
		}
		protocol = rest[0]
		done += length
	}
	return done + referenceTransport(b[done:], protocol, 58)
}

func referenceTransport(b []byte, protocol, icmp byte) int {
	switch protocol {
	case 6:
		if len(b) < 20 {
			return 0
		}
		if length := int(b[12]>>4) * 4; length >= 20 && length <= len(b) {
			return length
		}
	case 17, icmp:
		if len(b) >= 8 {
			return 8
		}
	}
	return 0
}

var allLinks = []LinkType{Ethernet, Raw, Cooked, IPv4, IPv6}

func headersProgram(t testing.TB, link LinkType) Program {
	t.Helper()
	program, err := Build(nil, link, settings.Snaplen{Headers: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestHeadersAreThoseOfTheReference(t *testing.T) {
	const count = 50_000
	for _, link := range allLinks {
		program := headersProgram(t, link)
		t.Logf("link type %d: %d instructions", link, len(program))
		g := newGenerator(uint64(link))
		for range count {
			p := g.packet(link)
			want := max(referenceHeaders(p, link), 1)
			if got := run(t, program, p); got != want {
				t.Fatalf("link type %d: %d bytes, not %d, of %x", link, got, want, p.bytes)
			}
		}
	}
}

// The kernel cuts what the program returns.
func TestTheKernelCutsHeaders(t *testing.T) {
	for _, link := range []LinkType{Ethernet, Raw} {
		k := newKernel(t)
		k.attach(t, headersProgram(t, link))
		g := newGenerator(uint64(link) + 100)
		for range 20_000 {
			p := g.packet(link)
			if len(p.bytes) == 0 {
				continue
			}
			want := min(max(referenceHeaders(p, link), 1), len(p.bytes))
			if got := k.keeps(t, p.bytes); got != want {
				t.Fatalf("link type %d: the kernel keeps %d bytes, not %d, of %x", link, got, want, p.bytes)
			}
		}
	}
}

func FuzzHeaders(f *testing.F) {
	g := newGenerator(1)
	for _, link := range allLinks {
		for range 20 {
			p := g.packet(link)
			f.Add(p.bytes, uint16(link), uint16(p.protocol))
		}
	}
	programs := map[LinkType]Program{}
	for _, link := range allLinks {
		programs[link] = headersProgram(f, link)
	}
	f.Fuzz(func(t *testing.T, bytes []byte, link, protocol uint16) {
		program, ok := programs[LinkType(link)]
		if !ok {
			return
		}
		p := packet{bytes: bytes, protocol: uint32(protocol)}
		if got, want := run(t, program, p), max(referenceHeaders(p, LinkType(link)), 1); got != want {
			t.Fatalf("%d bytes, not %d", got, want)
		}
	})
}
