package upload

import (
	"net"
	"net/netip"
	"strings"
)

// exceptions is what does not go through the user's proxy, as NO_PROXY has it: hosts, which stand for those below them too,
// addresses, networks, each with or without a port, and * for all.
type exceptions []string

func parseExceptions(text string) exceptions {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// contain tells whether HOST:PORT is one. What is in the pod itself always is.
func (e exceptions) contain(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() {
		return true
	}
	for _, entry := range e {
		if entryHost, entryPort, err := net.SplitHostPort(entry); err == nil {
			if entryPort != port {
				continue
			}
			entry = entryHost
		}
		if matches(entry, host, ip) {
			return true
		}
	}
	return false
}

func matches(entry, host string, ip netip.Addr) bool {
	if entry == "*" {
		return true
	}
	if network, err := netip.ParsePrefix(entry); err == nil {
		return network.Contains(ip.Unmap())
	}
	if address, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		return address == ip
	}
	entry = strings.TrimPrefix(strings.TrimPrefix(entry, "*"), ".")
	return host == entry || strings.HasSuffix(host, "."+entry)
}
