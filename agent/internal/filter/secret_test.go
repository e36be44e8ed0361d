package filter

import (
	"bufio"
	"encoding/binary"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSendSecrets is no test: test/agent/headers.test.ts has it send packets whose payload is a secret from the
// interface PACKET_CAPTURE_TEST_SECRETS_FROM, half of them of all kinds and broken, the others whole. What the
// reference keeps of each goes to the file PACKET_CAPTURE_TEST_SECRETS_KEPT: its length, the packet's, both in four
// bytes, and the bytes.
func TestSendSecrets(t *testing.T) {
	from, kept := os.Getenv("PACKET_CAPTURE_TEST_SECRETS_FROM"), os.Getenv("PACKET_CAPTURE_TEST_SECRETS_KEPT")
	if from == "" {
		t.Skip("sends what another test captures")
	}
	const count, burst, pause = 100_000, 100, 5 * time.Millisecond
	file, err := os.Create(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	keeps := bufio.NewWriter(file)
	socket := openSocket(t, from, unix.SOCK_RAW)
	g := newGenerator(77)
	g.secret = os.Getenv("PACKET_CAPTURE_TEST_SECRET")
	for i := range count {
		frame := g.whole(i / 2)
		if i%2 == 1 {
			for frame = g.packet(Ethernet).bytes; len(frame) < 24; {
				frame = g.packet(Ethernet).bytes
			}
		}
		copy(frame, []byte{0x02, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc})
		copy(frame[6:], mark)
		// Which of both it is.
		frame[11] += byte(i % 2)
		socket.send(t, frame)
		seen := received(frame)
		length := min(referenceHeaders(packet{bytes: seen}, Ethernet), len(seen)) + len(frame) - len(seen)
		head := binary.LittleEndian.AppendUint32(nil, uint32(length))
		head = binary.LittleEndian.AppendUint32(head, uint32(len(frame)))
		if _, err := keeps.Write(append(head, frame[:length]...)); err != nil {
			t.Fatal(err)
		}
		if i%burst == 0 {
			time.Sleep(pause)
		}
	}
	if err := keeps.Flush(); err != nil {
		t.Fatal(err)
	}
}

// whole makes a packet that tshark finds nothing wrong with, each number another kind.
func (g generator) whole(number int) []byte {
	payload := g.payload(20 + number%1200)
	const request = 8
	u16 := func(values ...uint16) (b []byte) {
		for _, value := range values {
			b = binary.BigEndian.AppendUint16(b, value)
		}
		return b
	}
	four := func(protocol byte, fragment uint16, body ...[]byte) []byte {
		rest := slices.Concat(body...)
		header := slices.Concat([]byte{0x45, 0}, u16(uint16(20+len(rest)), uint16(number), fragment), []byte{64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2})
		return append(header, rest...)
	}
	six := func(next byte, body ...[]byte) []byte {
		rest := slices.Concat(body...)
		header := slices.Concat([]byte{0x60, 0, 0, 0}, u16(uint16(len(rest))), []byte{next, 64}, addressesSix[0].AsSlice(), addressesSix[1].AsSlice())
		return append(header, rest...)
	}
	udp := func(port uint16) []byte { return slices.Concat(u16(40000, port, uint16(8+len(payload)), 0), payload) }
	// Options: the largest segment, SACK permitted, times, the window's scale.
	options := []byte{2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7}
	tcp := slices.Concat(u16(40000, 443), []byte{0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 255, 255, 0, 0, 0, 0}, options, payload)
	echo := func(kind byte) []byte { return slices.Concat([]byte{kind, 0, 0, 0, 0, 1, 0, 1}, payload) }
	// Extension headers of eight bytes, with nothing in them but filling.
	filled := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }
	fragment := func(next byte, offset uint16) []byte {
		return slices.Concat([]byte{next, 0}, u16(offset), []byte{0, 0, 0, 7})
	}
	authentication := func(next byte) []byte { return slices.Concat([]byte{next, 4, 0, 0}, make([]byte, 20)) }
	kinds := [][]byte{
		slices.Concat(u16(0x0800), four(6, 0x4000, tcp)),
		slices.Concat(u16(0x0800), four(17, 0, udp(9999))),
		slices.Concat(u16(0x86dd), six(6, tcp)),
		slices.Concat(u16(0x86dd), six(0, filled(43), []byte{60, 0, 0, 0, 0, 0, 0, 0}, filled(17), udp(9999))),
		slices.Concat(u16(0x86dd), six(44, fragment(17, 1), udp(9999))),
		slices.Concat(u16(0x86dd), six(44, fragment(17, 8*180), payload)),
		slices.Concat(u16(0x86dd), six(51, authentication(6), tcp)),
		slices.Concat(u16(0x0800), four(17, 0x2000, udp(9999))),
		slices.Concat(u16(0x0800), four(17, 0x00b4, payload)),
		slices.Concat(u16(0x8100, 5, 0x0800), four(6, 0x4000, tcp)),
		slices.Concat(u16(0x88a8, 6, 0x8100, 5, 0x86dd), six(17, udp(9999))),
		slices.Concat(u16(0x0800), four(1, 0, echo(request))),
		slices.Concat(u16(0x0800), four(1, 0, []byte{3, 3, 0, 0, 0, 0, 0, 0}, four(17, 0, udp(9999)))),
		slices.Concat(u16(0x86dd), six(58, echo(128))),
		slices.Concat(u16(0x86dd), six(58, []byte{1, 4, 0, 0, 0, 0, 0, 0}, six(17, udp(9999)))),
		slices.Concat(u16(0x0800), four(47, 0, u16(0, 0x0800), four(6, 0, tcp))),
		slices.Concat(u16(0x0800), four(4, 0, four(17, 0, udp(9999)))),
		slices.Concat(u16(0x0800), four(41, 0, six(6, tcp))),
		slices.Concat(u16(0x0800), four(17, 0, udp(4789))),
		slices.Concat(u16(0x0800), four(17, 0, udp(53))),
		slices.Concat(u16(0x0800), four(132, 0, u16(40000, 36412), make([]byte, 8), payload)),
		slices.Concat(u16(0x0800), four(50, 0, []byte{0, 0, 0, 1, 0, 0, 0, 1}, payload)),
		slices.Concat(u16(0x8864), []byte{0x11, 0, 0, 1}, u16(uint16(2+len(payload)), 0x21), payload),
		slices.Concat(u16(0x8847), []byte{0, 0, 0x11, 64}, four(17, 0, udp(9999))),
		slices.Concat(u16(0x88cc), payload),
		slices.Concat(u16(0x0806, 1, 0x0800), []byte{6, 4, 0, 1}, make([]byte, 20), payload[:18]),
	}
	return append(make([]byte, 12), kinds[number%len(kinds)]...)
}
