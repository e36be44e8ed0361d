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

// Network is how an upload reaches the network: a traffic.Dialer, whose connections are in no capture.
type Network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen() (net.Listener, error)
}

// Time that a client of the proxy has to say what it wants, how much it may say, and how many there may be at once: others
// of the pod can connect too, and wait then.
const (
	headTimeout = 10 * time.Second
	maxHead     = 64 << 10
	maxClients  = 32
)

// proxy is the way out for rclone: an HTTP proxy on a port of 127.0.0.1, for who knows its credentials. It connects by the
// network, so that what is uploaded is in no capture, and through the user's own proxy if there is one.
type proxy struct {
	network  Network
	upstream *upstream
	listener net.Listener
	server   http.Server
	// expected is what a client has to say, as a sum: sums are of one length.
	expected [sha256.Size]byte
	url      url.URL
	forward  httputil.ReverseProxy

	mu      sync.Mutex
	tunnels map[net.Conn]bool
	// lastError is why the last connection could not be made, since there was one.
	lastError error
}

// startProxy listens. The upstream proxy may be nil.
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

// close ends all that goes through it.
func (p *proxy) close() {
	_ = p.server.Close()
	p.forward.Transport.(*http.Transport).CloseIdleConnections()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.tunnels {
		_ = conn.Close()
	}
}

// failure is why the last connection could not be made, in words; empty when it could.
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
		http.Error(w, "a proxy is asked for http://… or by CONNECT", http.StatusBadRequest)
	}
}

// dialAndNote connects, directly.
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

// tunnel is CONNECT.
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

// unread is what has been read of a connection already, if there is something, and the rest.
func unread(buffered *bufio.Reader, conn net.Conn) io.Reader {
	if buffered.Buffered() == 0 {
		return conn
	}
	return io.MultiReader(io.LimitReader(buffered, int64(buffered.Buffered())), conn)
}

// copyAndEnd copies to the end, and tells the other side of that.
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

// limited accepts no more connections than fit into free at once.
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

// counted makes room for another one when it is closed.
type counted struct {
	net.Conn
	end func()
}

func (c *counted) Close() error {
	defer c.end()
	return c.Conn.Close()
}

// CloseWrite ends what is sent.
func (c *counted) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// errProxy is said of what the user's own proxy does not do.
var errProxy = errors.New("the proxy")
