package upload

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"packet-capture/agent/internal/traffic"
)

// Network connects an upload to the network: a traffic.Dialer, whose connections no capture holds.
type Network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen() (net.Listener, error)
}

// Limits for the clients of the proxy: the time for a request's head, its length in bytes, and the number of clients at
// once. Other processes of the pod can connect too; further clients wait.
const (
	headTimeout = 10 * time.Second
	maxHead     = 64 << 10
	maxClients  = 32
)

// proxy is rclone's way to the network: an HTTP proxy on a port of 127.0.0.1, with credentials that only rclone's
// process gets. It connects with Network, so that no capture holds the uploads, and through the user's proxy if there
// is one.
type proxy struct {
	network  Network
	upstream *upstream
	listener net.Listener
	server   http.Server
	// expected is the hash of the credentials that a client must send; hashes have one length.
	expected [sha256.Size]byte
	url      url.URL
	forward  httputil.ReverseProxy

	mu      sync.Mutex
	tunnels map[net.Conn]bool
	// lastError is why the last connection failed; nil if it did not.
	lastError error
}

// startProxy starts the proxy. The upstream may be nil.
func startProxy(network Network, up *upstream) (*proxy, error) {
	listener, err := network.Listen()
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	p := &proxy{network: network, upstream: up, listener: listener, tunnels: map[net.Conn]bool{}}
	credentials := url.UserPassword("agent", hex.EncodeToString(secret))
	p.url = url.URL{Scheme: "http", User: credentials, Host: listener.Addr().String()}
	p.expected = sha256.Sum256([]byte("Basic " + base64.StdEncoding.EncodeToString([]byte(credentials.String()))))
	p.forward = httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Header.Del("Proxy-Authorization") },
		Transport: &http.Transport{DialContext: p.dialAndNote, Proxy: up.forHTTP, DisableCompression: true, IdleConnTimeout: time.Minute},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = http.Server{Handler: p, ReadHeaderTimeout: headTimeout, MaxHeaderBytes: maxHead, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = p.server.Serve(&limited{Listener: listener, free: make(chan struct{}, maxClients)}) }()
	return p, nil
}

// close ends the proxy and all connections through it.
func (p *proxy) close() {
	_ = p.server.Close()
	p.forward.Transport.(*http.Transport).CloseIdleConnections()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.tunnels {
		_ = conn.Close()
	}
}

// failure is why the last connection failed, in words; empty if it did not.
func (p *proxy) failure() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lastError == nil {
		return ""
	}
	return p.lastError.Error()
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	said := sha256.Sum256([]byte(r.Header.Get("Proxy-Authorization")))
	if subtle.ConstantTimeCompare(said[:], p.expected[:]) != 1 {
		w.Header().Set("Proxy-Authenticate", `Basic realm="packet-capture"`)
		w.Header().Set("Connection", "close")
		http.Error(w, "this proxy is the capture agent's own", http.StatusProxyAuthRequired)
		return
	}
	switch {
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.Scheme == "http" && r.URL.Host != "":
		p.forward.ServeHTTP(w, r)
	default:
		http.Error(w, "this is a proxy: send a request for http://… or CONNECT", http.StatusBadRequest)
	}
}

// dialAndNote connects directly, and keeps the error for failure.
func (p *proxy) dialAndNote(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := p.network.DialContext(ctx, network, address)
	if err != nil {
		reason := traffic.Reason(err)
		err = fmt.Errorf("%s: %s", address, strings.ToLower(reason[:1])+reason[1:])
	}
	p.note(err)
	return conn, err
}

func (p *proxy) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastError = err
}

// tunnel answers CONNECT.
func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	far, err := p.upstream.connect(r.Context(), r.Host, p.dialAndNote)
	if err != nil {
		p.note(err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer p.untrack(far)
	p.track(far)
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer p.untrack(near)
	p.track(near)
	_ = near.SetDeadline(time.Time{})
	if _, err := near.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		copyAndEnd(far, unread(buffered.Reader, near))
		close(done)
	}()
	copyAndEnd(near, far)
	<-done
}

// unread reads the bytes of a connection that are buffered already, if there are any, and then the rest.
func unread(buffered *bufio.Reader, conn net.Conn) io.Reader {
	if buffered.Buffered() == 0 {
		return conn
	}
	return io.MultiReader(io.LimitReader(buffered, int64(buffered.Buffered())), conn)
}

// copyAndEnd copies to the end of from, and then closes that direction of the other connection.
func copyAndEnd(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok {
		_ = to.Close()
		return
	}
	_ = half.CloseWrite()
}

func (p *proxy) track(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tunnels[conn] = true
}

func (p *proxy) untrack(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tunnels, conn)
}

// limited accepts at most cap(free) connections at once.
type limited struct {
	net.Listener
	free chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &counted{Conn: conn, end: sync.OnceFunc(func() { <-l.free })}, nil
}

// counted makes room for another connection when it is closed.
type counted struct {
	net.Conn
	end func()
}

func (c *counted) Close() error {
	defer c.end()
	return c.Conn.Close()
}

// CloseWrite ends the sending direction.
func (c *counted) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// errProxy is part of the errors that the user's own proxy causes.
var errProxy = errors.New("the proxy")
