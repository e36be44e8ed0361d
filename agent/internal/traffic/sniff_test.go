package traffic

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seen is a packet on lo: its conversation, whichever way it went.
type seen struct {
	at       time.Time
	from, to netip.AddrPort
	protocol uint8
}

// history is what a capture left out, and when.
type history struct {
	mu  sync.Mutex
	log []change
}

type change struct {
	at    time.Time
	flows []Flow
}

func (h *history) install(flows []Flow) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, change{time.Now(), slices.Clone(flows)})
	return nil
}

// leftOut tells whether a capture left that packet out.
func (h *history) leftOut(p seen) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	var flows []Flow
	for _, c := range h.log {
		if c.at.After(p.at) {
			break
		}
		flows = c.flows
	}
	return slices.ContainsFunc(flows, func(f Flow) bool {
		matches := func(local, remote netip.AddrPort) bool {
			return f.Local == local && (f.Remote == remote || f.Remote == netip.AddrPort{})
		}
		return f.Protocol == p.protocol && (matches(p.from, p.to) || matches(p.to, p.from))
	})
}

// sniff records the packets of lo until the test takes them.
func sniff(t *testing.T) func() []seen {
	t.Helper()
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(all))
	if err != nil {
		t.Fatal(err)
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: lo.Index}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
	); err != nil {
		t.Fatal(err)
	}
	var packets []seen
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		data, control := make([]byte, 65536), make([]byte, 256)
		for {
			size, controls, _, _, err := unix.Recvmsg(fd, data, control, 0)
			if err != nil {
				select {
				case <-stop:
					return
				default:
					continue
				}
			}
			if p, ok := parse(data[:size]); ok {
				messages, _ := unix.ParseSocketControlMessage(control[:controls])
				for _, m := range messages {
					if m.Header.Type == unix.SO_TIMESTAMPNS {
						p.at = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
					}
				}
				packets = append(packets, p)
			}
		}
	}()
	return func() []seen {
		time.Sleep(100 * time.Millisecond)
		close(stop)
		<-done
		_ = unix.Close(fd)
		return packets
	}
}

func parse(ip []byte) (seen, bool) {
	var p seen
	if len(ip) < 40 {
		return p, false
	}
	var from, to netip.Addr
	var ports []byte
	switch ip[0] >> 4 {
	case 4:
		p.protocol, ports = ip[9], ip[20:]
		from, _ = netip.AddrFromSlice(ip[12:16])
		to, _ = netip.AddrFromSlice(ip[16:20])
	case 6:
		p.protocol, ports = ip[6], ip[40:]
		from, _ = netip.AddrFromSlice(ip[8:24])
		to, _ = netip.AddrFromSlice(ip[24:40])
	}
	if (p.protocol != unix.IPPROTO_TCP && p.protocol != unix.IPPROTO_UDP) || len(ports) < 4 {
		return p, false
	}
	p.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(ports))
	p.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(ports[2:]))
	return p, true
}
