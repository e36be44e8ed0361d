package capture

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/nettest"
)

// A program for which the kernel has no room is named, and the one of before stays in force.
func TestAFilterThatDoesNotFit(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	s := open(t, "eth0", Options{})
	const limit = "/proc/sys/net/core/optmem_max"
	if _, err := os.Stat(limit); err != nil {
		t.Skip("this kernel has one for all network namespaces")
	}
	nettest.Run(t, "sh", "-c", "echo 8192 > "+limit)
	long := make(filter.Program, 0, 3000)
	for range cap(long) - 1 {
		// BPF_LD | BPF_IMM: it does nothing.
		long = append(long, filter.Program{{Op: 0x00, K: 1}}...)
	}
	long = append(long, filter.Program{{Op: 0x06}}...)
	if err := s.SetFilter(long); err == nil || !strings.Contains(err.Error(), "3000 instructions is more than this node's net.core.optmem_max allows") {
		t.Errorf("%v", err)
	}
	many("10.0.0.9:9999")(t, 10)
	var got collector
	drain([]*Source{s}, &got)
	if len(got.packets) != 10 {
		t.Errorf("%d packets with the filter of before", len(got.packets))
	}
}

// Where an interface has no address the kernel leaves in the ring what was there before, which may be of another
// packet, and of one whose payload nobody wants any more.
func TestNothingOfOtherPacketsIsInACookedHeader(t *testing.T) {
	nettest.Enter(t)
	tun(arphrdIPGRE)(t)
	s := open(t, "tun0", Options{Buffer: 2 * blockSize})
	collected := collect([]*Source{s})
	const count = 3000
	for i := range count / 50 {
		// Their places in the ring are others each time.
		udp(t, over6, 50, func(int) int { return 300 + 7*i })
	}
	got := collected()
	if len(got.packets) < count/2 {
		t.Fatalf("%d packets", len(got.packets))
	}
	for i, p := range got.packets {
		if length := p.data[5]; length != 0 || !bytes.Equal(p.data[6:14], make([]byte, 8)) {
			t.Fatalf("packet %d has an address of %d bytes, %x", i, length, p.data[6:14])
		}
	}
}
