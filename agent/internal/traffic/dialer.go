package traffic

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long an address may take to answer, and how long sent data may stay unacknowledged.
const (
	connectTimeout = 5 * time.Second
	answerTimeout  = 30 * time.Second
)

// Dialer makes the agent's connections: all captures leave a connection out before its first packet is sent.
type Dialer struct {
	// Registry lists the flows of the connections.
	Registry *Registry
	// Resolver looks names up; nil stands for a resolver that asks name servers through the Dialer.
	Resolver *net.Resolver
}

// NewDialer makes a Dialer whose connections and name lookups are listed in the registry.
func NewDialer(registry *Registry) *Dialer {
	d := &Dialer{Registry: registry}
	d.Resolver = &net.Resolver{PreferGo: true, Dial: (&nameServers{dialer: d}).dial}
	return d
}

// DialContext connects to HOST:PORT. The addresses of a name are tried one after another, each for at most five
// seconds; the error is that of the first address. network is tcp, tcp4 or tcp6.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := d.Resolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	addresses, err := d.lookup(ctx, network, host)
	if err != nil {
		return nil, err
	}
	var first error
	for _, address := range addresses {
		conn, err := d.dialTCP(ctx, netip.AddrPortFrom(address, uint16(port)))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// lookup returns the addresses of a host, in the order in which to try them.
func (d *Dialer) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	family, known := map[string]string{"tcp": "ip", "tcp4": "ip4", "tcp6": "ip6"}[network]
	if !known {
		return nil, net.UnknownNetworkError(network)
	}
	found, err := d.Resolver.LookupNetIP(ctx, family, host)
	for i, address := range found {
		found[i] = address.Unmap()
	}
	return found, err
}

func (d *Dialer) dialTCP(ctx context.Context, remote netip.AddrPort) (*Conn, error) {
	conn, end, err := d.dial(ctx, "tcp", remote)
	if err != nil {
		return nil, err
	}
	return &Conn{conn.(*net.TCPConn), end}, nil
}

func (d *Dialer) dialUDP(ctx context.Context, remote netip.AddrPort) (*udpConn, error) {
	conn, end, err := d.dial(ctx, "udp", remote)
	if err != nil {
		return nil, err
	}
	return &udpConn{conn.(*net.UDPConn), end}, nil
}

// dial connects a socket that newEnd has bound and registered.
func (d *Dialer) dial(ctx context.Context, network string, remote netip.AddrPort) (net.Conn, *end, error) {
	protocol := uint8(unix.IPPROTO_TCP)
	if network == "udp" {
		protocol = unix.IPPROTO_UDP
	}
	var own *end
	dialer := net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4},
		// Go calls it again when it makes another socket for a second attempt.
		Control: func(_, _ string, socket syscall.RawConn) error {
			if own != nil {
				own.fail(nil)
			}
			var err error
			return errors.Join(socket.Control(func(fd uintptr) {
				if protocol == unix.IPPROTO_TCP {
					err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(answerTimeout.Milliseconds()))
				}
				if err == nil {
					own, err = newEnd(d.Registry, int(fd), protocol, remote)
				}
			}), err)
		},
	}
	dialer.SetMultipathTCP(false)
	conn, err := dialer.DialContext(ctx, network, remote.String())
	if err != nil {
		if own != nil {
			own.fail(err)
		}
		return nil, nil, err
	}
	return conn, own, nil
}
