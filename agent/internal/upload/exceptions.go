package upload

import (
	"net"
	"net/netip"
	"strings"
)

// exceptions are addresses that do not use the user's proxy, in the form of NO_PROXY: hosts, which include their
// subdomains, addresses, networks, each with or without a port, and * for all.
type exceptions []string

func parseExceptions(text string) exceptions {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// contain reports whether HOST:PORT is an exception. Addresses of the pod itself always are.
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
