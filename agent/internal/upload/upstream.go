package upload

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// upstream is the user's own proxy, and the exceptions that do not use it. nil stands for no proxy.
type upstream struct {
	url        *url.URL
	exceptions exceptions
	roots      *x509.CertPool
}

// newUpstream takes a proxy and exceptions in the form of HTTPS_PROXY and NO_PROXY. roots are trusted for a proxy that
// is reached by TLS.
func newUpstream(proxyURL, except string, roots *x509.CertPool) (*upstream, error) {
	if proxyURL == "" {
		return nil, nil
	}
	parsed, err := url.Parse(proxyURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("%w must be a URL: http://HOST:PORT or https://USER:PASSWORD@HOST:PORT", errProxy)
	}
	return &upstream{parsed, parseExceptions(except), roots}, nil
}

// choose returns the proxy for HOST:PORT, or nil for a direct connection.
func (u *upstream) choose(address string) *url.URL {
	if u == nil || u.exceptions.contain(address) {
		return nil
	}
	return u.url
}

// forHTTP is choose in the form of http.Transport.Proxy.
func (u *upstream) forHTTP(r *http.Request) (*url.URL, error) {
	return u.choose(r.URL.Host), nil
}

type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// connect connects to HOST:PORT, through the proxy unless the address is an exception.
func (u *upstream) connect(ctx context.Context, address string, direct dial) (net.Conn, error) {
	through := u.choose(address)
	if through == nil {
		return direct(ctx, "tcp", address)
	}
	conn, err := u.reach(ctx, through, direct)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProxy, err)
	}
	if err := ask(ctx, conn, address, through.User); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w %s: %w", errProxy, through.Host, err)
	}
	return conn, nil
}

// reach connects to the proxy itself.
func (u *upstream) reach(ctx context.Context, through *url.URL, direct dial) (net.Conn, error) {
	port := through.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[through.Scheme]
	}
	conn, err := direct(ctx, "tcp", net.JoinHostPort(through.Hostname(), port))
	if err != nil || through.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: through.Hostname(), RootCAs: u.roots})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// ask asks the proxy to connect to the address.
func ask(ctx context.Context, conn net.Conn, address string, user *url.Userinfo) error {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	// One byte at a time: bytes after the answer belong to the caller.
	answer, err := http.ReadResponse(bufio.NewReaderSize(oneByte{conn}, 16), request)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s for %s", answer.Status, address)
	}
	return nil
}

// oneByte reads one byte at a time.
type oneByte struct{ net.Conn }

func (o oneByte) Read(b []byte) (int, error) {
	return o.Conn.Read(b[:min(len(b), 1)])
}
