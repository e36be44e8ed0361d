package upload

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// plainNetwork is the network without the bookkeeping of a traffic.Dialer.
type plainNetwork struct{ net.Dialer }

func (*plainNetwork) Listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

func newProxy(t *testing.T, up *upstream) *proxy {
	t.Helper()
	p, err := startProxy(&plainNetwork{}, up)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func clientOf(p *proxy, secure *httptest.Server) *http.Client {
	client := &http.Client{}
	if secure != nil {
		client = secure.Client()
	}
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport.Proxy = http.ProxyURL(&p.url)
	client.Transport = transport
	return client
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Proxy-Authorization") != "" {
		w.WriteHeader(http.StatusTeapot)
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Host, body)
}

func put(t *testing.T, client *http.Client, url, body string) string {
	t.Helper()
	request, _ := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", string(said))
}

func TestProxy(t *testing.T) {
	plain, secure := httptest.NewServer(http.HandlerFunc(echoBody)), httptest.NewTLSServer(http.HandlerFunc(echoBody))
	defer plain.Close()
	defer secure.Close()
	p := newProxy(t, nil)
	body := strings.Repeat("0123456789", 100_000)
	for _, server := range []*httptest.Server{plain, secure} {
		host := server.Listener.Addr().String()
		client := clientOf(p, server)
		for range 3 {
			if got := put(t, client, server.URL+"/a?b=c", body); got != "200 PUT "+host+" "+body {
				t.Errorf("%.200s", got)
			}
		}
	}
	if p.failure() != "" {
		t.Error(p.failure())
	}
	plain.Close()
	p = newProxy(t, nil)
	if got := put(t, clientOf(p, nil), plain.URL, ""); !strings.HasPrefix(got, "502 ") || !strings.Contains(got, "connection refused") {
		t.Error(got)
	}
	if want := plain.Listener.Addr().String() + ": connection refused"; p.failure() != want {
		t.Errorf("%s, not %s", p.failure(), want)
	}
}

func TestProxyIsForNobodyElse(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echoBody))
	defer server.Close()
	p := newProxy(t, nil)
	host := server.Listener.Addr().String()
	wrong := base64.StdEncoding.EncodeToString([]byte("agent:wrong"))
	right := base64.StdEncoding.EncodeToString([]byte(p.url.User.String()))
	for request, want := range map[string]string{
		"CONNECT " + host + " HTTP/1.1\r\nHost: x\r\n\r\n":                                                  "407",
		"GET http://" + host + "/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic " + wrong + "\r\n\r\n":  "407",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                                                                 "407",
		"GET / HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic " + right + "\r\n\r\n":                     "400",
		"GET https://" + host + "/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic " + right + "\r\n\r\n": "400",
		"GET http://" + host + "/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic " + right + "\r\n\r\n":  "200",
		"nonsense\r\n\r\n": "400",
	} {
		conn, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(request))
		line, _ := bufio.NewReader(conn).ReadString('\n')
		_ = conn.Close()
		if !strings.Contains(line, " "+want+" ") {
			t.Errorf("%q: %q, not %s", request, line, want)
		}
	}
}

// userProxy is a proxy of the user's own, with credentials.
func userProxy(t *testing.T, used *atomic.Int64) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("me:secret")) {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		used.Add(1)
		if r.Method != http.MethodConnect {
			r.RequestURI = ""
			r.Header.Del("Proxy-Authorization")
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			maps.Copy(w.Header(), answer.Header)
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, _, _ := http.NewResponseController(w).Hijack()
		_, _ = near.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		go func() { _, _ = io.Copy(far, near) }()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}))
	t.Cleanup(server.Close)
	return server
}

// outside is an address of this machine that is not of lo, which no proxy is asked for.
func outside(t *testing.T) string {
	t.Helper()
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if ip := address.(*net.IPNet).IP; !ip.IsLoopback() && ip.To4() != nil {
			return ip.String()
		}
	}
	t.Skip("there is lo alone")
	return ""
}

func serveAt(t *testing.T, address string, server *httptest.Server) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Listener.Close()
	server.Listener = l
	t.Cleanup(server.Close)
	return server
}

func TestTheUsersOwnProxy(t *testing.T) {
	var used atomic.Int64
	own := userProxy(t, &used)
	address := outside(t)
	plain := serveAt(t, address, httptest.NewUnstartedServer(http.HandlerFunc(echoBody)))
	plain.Start()
	secure := serveAt(t, address, httptest.NewUnstartedServer(http.HandlerFunc(echoBody)))
	secure.StartTLS()
	cases := []struct {
		user, exceptions string
		used             int64
		want             string
	}{
		{"me:secret", "", 2, "200 PUT "},
		{"me:secret", "example.com," + address, 0, "200 PUT "},
		{"me:wrong", "", 0, "407"},
	}
	for _, c := range cases {
		used.Store(0)
		up, err := newUpstream("http://"+c.user+"@"+own.Listener.Addr().String(), c.exceptions, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := newProxy(t, up)
		client := clientOf(p, secure)
		client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
		for _, server := range []*httptest.Server{plain, secure} {
			got := put(t, client, server.URL, "body")
			if !strings.HasPrefix(got, c.want) && !strings.Contains(p.failure(), c.want) {
				t.Errorf("%v %s: %s; %s", c, server.URL, got, p.failure())
			}
			if strings.Contains(p.failure(), "wrong") {
				t.Error(p.failure())
			}
		}
		if used.Load() != c.used {
			t.Errorf("%v: used %d times", c, used.Load())
		}
	}
	if _, err := newUpstream("proxy:3128", "", nil); err == nil {
		t.Error("no error")
	}
}

func TestManyWhoSayNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echoBody))
	defer server.Close()
	p := newProxy(t, nil)
	var held []net.Conn
	for range 3 * maxClients {
		conn, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	client := clientOf(p, nil)
	client.Timeout = 300 * time.Millisecond
	if got := put(t, client, server.URL, "x"); strings.HasPrefix(got, "200") {
		t.Error("there is no limit")
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	client.Timeout = 5 * time.Second
	if got := put(t, client, server.URL, "x"); !strings.HasPrefix(got, "200") {
		t.Error(got)
	}
}

func dialThrough(p *proxy, address string) (net.Conn, error) {
	conn, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		return nil, err
	}
	return conn, ask(context.Background(), conn, address, p.url.User)
}

func TestATunnelEndsWithTheProxy(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer func() { _ = l.Close() }()
	p := newProxy(t, nil)
	conn, err := dialThrough(p, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, _ := l.Accept()
	p.close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("it goes on")
	}
	if _, err := far.Read(make([]byte, 1)); err == nil {
		t.Error("it goes on")
	}
}
