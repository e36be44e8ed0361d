package filter

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"packet-capture/agent/internal/traffic"
)

// generator makes packets of all kinds, some of them broken.
type generator struct {
	*rand.Rand
	// aim, if there is one, is the flow whose addresses and ports the packets have, in one direction or the other.
	aim      *traffic.Flow
	reversed bool
	// secret, if there is one, is what payload is made of; then no header says that it is longer than it is, since that
	// would make a header of payload.
	secret string
}

func newGenerator(seed uint64) generator { return generator{Rand: rand.New(rand.NewPCG(seed, 14))} }

// at makes packets of a flow, most of them whole; of any kind without one.
func (g generator) at(flow *traffic.Flow) generator {
	g.aim = flow
	g.reversed = g.IntN(2) == 0
	return g
}

// addresses and ports are few, so that packets and flows meet.
var (
	addressesFour = []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("127.0.0.1")}
	addressesSix  = []netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2"), netip.MustParseAddr("::1")}
	somePorts     = []uint16{443, 53, 40000, 40001}
)

func pick[T any](g generator, list ...T) T { return list[g.IntN(len(list))] }

func (g generator) bytes(count int) []byte {
	bytes := make([]byte, count)
	for i := range bytes {
		bytes[i] = byte(g.Uint32())
	}
	return bytes
}

// lies says, once in so many times, that a header is to say something wrong of itself.
func (g generator) lies(times int) bool { return g.IntN(times) == 0 && g.secret == "" }

// payload is what no header holds.
func (g generator) payload(count int) []byte {
	if g.secret == "" {
		return g.bytes(count)
	}
	return []byte(strings.Repeat(g.secret, count/len(g.secret)+1))[:count]
}

// link makes a packet with its link header.
func (g generator) packet(link LinkType) packet {
	ethertype := pick[uint16](g, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x86dd, 0x0806, 0x8035, 0x8847, 0x8864, 0x88cc, 60)
	if g.aim != nil {
		ethertype = map[bool]uint16{true: 0x0800, false: 0x86dd}[g.aim.Local.Addr().Is4()]
	}
	payload := g.network(ethertype)
	p := packet{protocol: uint32(ethertype), kind: pick[uint32](g, 0, 4)}
	if link == Ethernet {
		header := g.bytes(12)
		for range pick(g, 0, 0, 0, 0, 1, 2, 3, 4) {
			header = binary.BigEndian.AppendUint16(header, pick[uint16](g, 0x8100, 0x88a8, 0x9100))
			header = binary.BigEndian.AppendUint16(header, uint16(g.Uint32()))
		}
		header = binary.BigEndian.AppendUint16(header, ethertype)
		p.protocol = uint32(binary.BigEndian.Uint16(header[12:]))
		payload = append(header, payload...)
	}
	p.bytes = g.damage(payload)
	return p
}

// damage cuts some packets and changes a byte of others.
func (g generator) damage(bytes []byte) []byte {
	if g.aim != nil && g.IntN(4) != 0 {
		return bytes
	}
	switch g.IntN(8) {
	case 0:
		return bytes[:g.IntN(len(bytes)+1)]
	case 1:
		if len(bytes) > 0 && g.secret == "" {
			bytes[g.IntN(min(len(bytes), 80))] = byte(g.Uint32())
		}
	case 2:
		return append(bytes, g.payload(g.IntN(20))...)
	}
	return bytes
}

func (g generator) network(ethertype uint16) []byte {
	switch ethertype {
	case 0x0800:
		return g.four(true)
	case 0x86dd:
		return g.six(true)
	case 0x0806, 0x8035:
		hardware, protocol := pick[byte](g, 6, 6, 6, 8), pick[byte](g, 4, 4, 4, 16)
		return slices.Concat([]byte{0, 1, 8, 0, hardware, protocol, 0, 1}, g.bytes(20), g.payload(g.IntN(30)))
	}
	return g.payload(g.IntN(60))
}

func (g generator) four(quotes bool) []byte {
	header := make([]byte, 20+4*pick(g, 0, 0, 0, 1, 5, 10))
	protocol := g.protocol(pick[byte](g, 6, 6, 6, 17, 17, 17, 1, 1, 2, 4, 41, 47, 50, 51, 58, 132, 136))
	body := g.transport(protocol, 1, quotes, g.four)
	header[0] = 0x40 | byte(len(header)/4)
	if g.lies(20) {
		header[0] = byte(g.Uint32())
	}
	length := pick(g, len(header)+len(body), len(header)+len(body), len(header)+len(body), 0, len(header), g.IntN(100))
	binary.BigEndian.PutUint16(header[2:], uint16(length))
	binary.BigEndian.PutUint16(header[6:], pick[uint16](g, 0, 0, 0, 0x4000, 0x2000, 0x2005, 0x0001, 0x1fff))
	header[8] = pick[byte](g, 64, 253, 252)
	header[9] = protocol
	g.addresses(header[12:20], addressesFour)
	return append(header, body...)
}

func (g generator) six(quotes bool) []byte {
	header := make([]byte, 40)
	protocol := g.protocol(pick[byte](g, 6, 6, 6, 17, 17, 17, 58, 58, 4, 41, 47, 50, 1, 59, 132))
	body := g.transport(protocol, 58, quotes, g.six)
	for range pick(g, 0, 0, 0, 1, 1, 2, 3, 8, 9, 10) {
		kind := pick[byte](g, 0, 43, 44, 44, 51, 60, 135)
		extension := g.bytes(8 * pick(g, 1, 1, 2, 4))
		if kind == 135 {
			extension = g.payload(len(extension))
		}
		switch kind {
		case 44:
			extension = extension[:8]
			binary.BigEndian.PutUint16(extension[2:], pick[uint16](g, 0, 0, 1, 9, 0xfff8))
		case 51:
			extension[1] = byte(len(extension)/4 - 2)
		default:
			extension[1] = byte(len(extension)/8 - 1)
		}
		if g.lies(20) {
			extension[1] = byte(g.Uint32())
		}
		extension[0] = protocol
		protocol = kind
		body = append(extension, body...)
	}
	header[0] = 0x60
	if g.lies(20) {
		header[0] = byte(g.Uint32())
	}
	binary.BigEndian.PutUint16(header[4:], uint16(pick(g, len(body), len(body), len(body), 0, g.IntN(100))))
	header[6] = protocol
	header[7] = pick[byte](g, 64, 253, 252)
	g.addresses(header[8:40], addressesSix)
	return append(header, body...)
}

func (g generator) transport(protocol, icmp byte, quotes bool, quoted func(bool) []byte) []byte {
	payload := g.payload(g.IntN(40))
	switch protocol {
	case 6:
		header := g.bytes(20 + 4*pick(g, 0, 0, 3, 10))
		g.ports(header)
		header[12] = byte(len(header)/4) << 4
		if g.lies(10) {
			header[12] = byte(g.Uint32())
		}
		return append(header, payload...)
	case 17:
		header := g.bytes(8)
		g.ports(header)
		return append(header, payload...)
	case icmp:
		header := g.bytes(8)
		header[0] = pick[byte](g, 0, 1, 2, 3, 4, 5, 8, 11, 12, 128, 135)
		if quotes && g.IntN(4) != 0 {
			payload = quoted(false)
			payload = payload[:min(len(payload), pick(g, 28, 48, 100))]
		}
		return append(header, payload...)
	case 4, 41:
		// A tunnel: what is in it is payload.
		if quotes {
			return map[byte]func(bool) []byte{4: g.four, 41: g.six}[protocol](false)
		}
	}
	return payload
}

// protocol is the flow's mostly, or what was to be.
func (g generator) protocol(otherwise byte) byte {
	if g.aim == nil || otherwise == 1 || otherwise == 58 {
		return otherwise
	}
	return g.aim.Protocol
}

func (g generator) addresses(header []byte, some []netip.Addr) {
	source, destination := pick(g, some...), pick(g, some...)
	if g.aim != nil {
		source = g.aim.Local.Addr()
		if g.aim.Remote.IsValid() {
			destination = g.aim.Remote.Addr()
		}
		if g.reversed {
			source, destination = destination, source
		}
	}
	copy(header, source.AsSlice())
	copy(header[len(header)/2:], destination.AsSlice())
}

func (g generator) ports(header []byte) {
	source, destination := pick(g, somePorts...), pick(g, somePorts...)
	if g.aim != nil && g.IntN(8) != 0 {
		source = g.aim.Local.Port()
		if g.aim.Remote.IsValid() {
			destination = g.aim.Remote.Port()
		}
		if g.reversed {
			source, destination = destination, source
		}
	}
	binary.BigEndian.PutUint16(header, source)
	binary.BigEndian.PutUint16(header[2:], destination)
}
