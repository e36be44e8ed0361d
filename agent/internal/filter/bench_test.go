package filter

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/settings"
)

// tcpPacket is one of the app's from the pod's address, with a port beside those of the flows.
func tcpPacket(six bool) []byte {
	flow := distinct(1, six)[0]
	ip := make([]byte, 40)
	ip[0] = 0x45
	ip[9] = 6
	copy(ip[12:], flow.Local.Addr().AsSlice())
	copy(ip[16:], flow.Remote.Addr().AsSlice())
	ethertype, transport := uint16(0x0800), ip[20:]
	if six {
		ip = make([]byte, 60)
		ip[0], ip[6] = 0x60, 6
		copy(ip[8:], flow.Local.Addr().AsSlice())
		copy(ip[24:], flow.Remote.Addr().AsSlice())
		ethertype, transport = 0x86dd, ip[40:]
	}
	binary.BigEndian.PutUint16(transport, 41000)
	binary.BigEndian.PutUint16(transport[2:], 443)
	transport[12] = 0x50
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), ethertype), ip...)
}

// BenchmarkKernel sends packets to a socket whose program leaves them out at its end: what differs between two programs is
// what they cost a packet.
func BenchmarkKernel(b *testing.B) {
	nothing := Program{{Op: returnK}}
	for _, six := range []bool{false, true} {
		for _, count := range []int{0, 1, 10, 50, 200} {
			b.Run(fmt.Sprintf("six=%v/flows=%d", six, count), func(b *testing.B) {
				program, err := Build(nothing, Ethernet, settings.Snaplen{}, distinct(count, six))
				if err != nil {
					b.Fatal(err)
				}
				measure(b, program, tcpPacket(six))
			})
		}
		b.Run(fmt.Sprintf("six=%v/headers", six), func(b *testing.B) {
			program, err := Build(nil, Ethernet, settings.Snaplen{Headers: true}, nil)
			if err != nil {
				b.Fatal(err)
			}
			// What it returns becomes 0, so that nothing has to be read.
			for i, one := range program {
				if one.Op == returnA {
					program[i] = Program{{Op: returnK}}[0]
				}
			}
			measure(b, program, tcpPacket(six))
		})
	}
}

func measure(b *testing.B, program Program, bytes []byte) {
	k := newKernel(b)
	k.attach(b, program)
	for b.Loop() {
		if err := unix.Send(k.from, bytes, 0); err != nil {
			b.Fatal(err)
		}
	}
}
