package keepserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/keep"
)

// asked remembers the requests.
type asked struct {
	mu       sync.Mutex
	requests []keep.Request
	err      error
}

func (a *asked) ask(request keep.Request) (*keep.Note, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	a.requests = append(a.requests, request)
	return &keep.Note{ID: "20261122T180000Z", Reason: request.Reason, Files: []keep.File{}}, nil
}

func (a *asked) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

// serve starts a server on a free port.
func serve(t *testing.T, a *asked) (s *HTTP, port uint16) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = uint16(listener.Addr().(*net.TCPAddr).Port)
	_ = listener.Close()
	listeners, err := Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	s = NewHTTP(a.ask)
	s.Serve(listeners)
	t.Cleanup(s.Close)
	return s, port
}

func TestAnAppAsks(t *testing.T) {
	a := &asked{}
	_, port := serve(t, a)
	before := time.Now()
	response, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/keep?last=10m&and=2m", port), "text/plain", strings.NewReader("payment\nfailed \x00 <b>"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var note keep.Note
	if err := json.NewDecoder(response.Body).Decode(&note); err != nil || response.StatusCode != 200 || note.ID != "20261122T180000Z" {
		t.Errorf("%d, %+v, %v", response.StatusCode, note, err)
	}
	if a.count() != 1 {
		t.Fatal(a.count())
	}
	r := a.requests[0]
	if r.Trigger != keep.HTTP || r.Reason != "payment failed   <b>" || !r.Relative || r.To.Sub(r.From) != 12*time.Minute || r.From.Before(before.Add(-11*time.Minute)) {
		t.Errorf("%+v", r)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		header                   http.Header
		host                     string
		want                     int
	}{
		{name: "another path", path: "/", want: 404},
		{name: "another method", method: "GET", want: 405},
		{name: "a preflight", method: "OPTIONS", want: 405},
		{name: "options of the server", method: "OPTIONS", path: "*", want: 404},
		{name: "no last", path: "/keep", want: 400},
		{name: "a last that is none", path: "/keep?last=soon", want: 400},
		{name: "an and that is none", path: "/keep?last=10m&and=soon", want: 400},
		{name: "last twice", path: "/keep?last=10m&last=1m", want: 400},
		{name: "something else", path: "/keep?last=10m&reason=x", want: 400},
		{name: "a long reason", body: strings.Repeat("x", 1025), want: 413},
		{name: "a reason that is no text", body: "\xff\xfe", want: 400},
		{name: "the name of a page that leads here", host: "evil.example", want: 421},
		{name: "such a name that begins well", host: "localhost.evil.example", want: 421},
		{name: "another address", host: "10.0.0.1", want: 421},
		{name: "a page", header: http.Header{"Origin": {"http://evil.example"}}, want: 403},
		{name: "a page without a name", header: http.Header{"Origin": {"null"}}, want: 403},
		{name: "a page, by its address", header: http.Header{"Referer": {"http://evil.example/"}}, want: 403},
		{name: "a page of the same site", header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, want: 403},
		{name: "a form", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, want: 415},
		{name: "a form in parts", header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, want: 415},
		{name: "a type that is none", header: http.Header{"Content-Type": {"x y"}}, want: 415},
	} {
		a := &asked{}
		_, port := serve(t, a)
		path := c.path
		if path == "" {
			path = "/keep?last=10m"
		}
		method := c.method
		if method == "" {
			method = http.MethodPost
		}
		host := c.host
		if host == "" {
			host = fmt.Sprintf("127.0.0.1:%d", port)
		}
		if got := raw(t, port, method, path, host, c.header, c.body); !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", c.want)) || a.count() != 0 {
			t.Errorf("%s: %.60q, %d asked", c.name, got, a.count())
		}
	}
}

// raw sends a request as it is written here.
func raw(t *testing.T, port uint16, method, path, host string, header http.Header, body string) string {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", method, path, host, len(body))
	_ = header.Write(&text)
	fmt.Fprintf(&text, "\r\n%s", body)
	_, _ = conn.Write(text.Bytes())
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

func TestAllNamesOfThisHostAreTaken(t *testing.T) {
	for _, host := range []string{"localhost", "LOCALHOST:9465", "127.0.0.1:9465", "127.0.0.1", "[::1]:9465", "[::1]"} {
		a := &asked{}
		_, port := serve(t, a)
		if got := raw(t, port, "POST", "/keep?last=10m", host, nil, ""); !strings.HasPrefix(got, "HTTP/1.1 200 ") || a.count() != 1 {
			t.Errorf("%s: %.60q", host, got)
		}
	}
}

func TestOneRequestInTenSeconds(t *testing.T) {
	a := &asked{}
	s, port := serve(t, a)
	now := time.Now()
	s.now = func() time.Time { return now }
	host := fmt.Sprintf("127.0.0.1:%d", port)
	for i, want := range []string{"200", "429", "429"} {
		if got := raw(t, port, "POST", "/keep?last=10m", host, nil, ""); !strings.HasPrefix(got, "HTTP/1.1 "+want) || want == "429" && !strings.Contains(got, "Retry-After: 10\r\n") {
			t.Errorf("%d: %q", i, got)
		}
	}
	now = now.Add(10 * time.Second)
	// A request that is refused does not count.
	raw(t, port, "POST", "/keep?last=never", host, nil, "")
	if got := raw(t, port, "POST", "/keep?last=10m", host, nil, ""); !strings.HasPrefix(got, "HTTP/1.1 200") || a.count() != 2 {
		t.Errorf("%q", got)
	}
}

func TestWhatCannotBeKeptIsAnError(t *testing.T) {
	a := &asked{err: errors.New("no space left on device")}
	_, port := serve(t, a)
	if got := raw(t, port, "POST", "/keep?last=10m", "localhost", nil, ""); !strings.HasPrefix(got, "HTTP/1.1 507 ") || !strings.Contains(got, "no space left") {
		t.Errorf("%q", got)
	}
}

// Nobody else gets in: the listeners are on loopback alone. Connections that say nothing keep nobody out.
func TestOnlyLoopbackAndManyConnections(t *testing.T) {
	a := &asked{}
	_, port := serve(t, a)
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		ip, _, _ := net.ParseCIDR(address.String())
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			continue
		}
		if conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), fmt.Sprint(port)), time.Second); err == nil {
			_ = conn.Close()
			t.Errorf("%s answers", ip)
		}
	}
	for range 50 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if got := raw(t, port, "POST", "/keep?last=10m", "localhost", nil, ""); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("%q", got)
	}
}

func TestACommandAsks(t *testing.T) {
	dir := t.TempDir()
	a := &asked{}
	end, err := ListenCommands(dir, a.ask)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	input, err := ReadInput(strings.NewReader(`{"last":"10m","and":"2m","reason":"why","by":"alice"}`))
	if err != nil {
		t.Fatal(err)
	}
	note, err := Command(dir, input)
	if err != nil || note.ID != "20261122T180000Z" || a.count() != 1 || a.requests[0].By != "alice" || a.requests[0].Trigger != keep.Command {
		t.Errorf("%+v, %v, %+v", note, err, a.requests)
	}
	window, err := ReadInput(strings.NewReader(`{"from":"2026-11-22T18:00:00Z","to":"2026-11-22T18:10:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Command(dir, window); err != nil || a.requests[1].To.Sub(a.requests[1].From) != 10*time.Minute || a.requests[1].Relative {
		t.Errorf("%v, %+v", err, a.requests)
	}
	a.err = errors.New("no space left on device")
	var coded *Error
	if _, err := Command(dir, input); !errors.As(err, &coded) || coded.Code != Failed || coded.Reason != "no space left on device" {
		t.Error(err)
	}
	// One of an earlier container is replaced.
	again, err := ListenCommands(dir, a.ask)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Command(dir, window); err == nil || len(a.requests) != 2 {
		t.Error(err, a.requests)
	}
	again()
	if _, err := os.Stat(SocketPath(dir)); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := Command(dir, input); !errors.As(err, &coded) || coded.Code != NotRunning {
		t.Error(err)
	}
}

func TestInputThatIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "x", "[]", `{"last":10}`, `{"last":"soon"}`, `{}`, `{"last":"0s"}`, `{"last":"10m","and":"x"}`, `{"last":"10m","more":"x"}`,
		`{"from":"2026-11-22T18:00:00Z"}`, `{"from":"2026-11-22T18:10:00Z","to":"2026-11-22T18:00:00Z"}`, `{"from":"yesterday","to":"today"}`,
		`{"last":"10m","from":"2026-11-22T18:00:00Z","to":"2026-11-22T18:10:00Z"}`, `{"from":"2026-11-22T18:00:00Z","to":"2028-11-22T18:10:00Z"}`,
		`{"last":"10m","reason":"` + strings.Repeat("x", 1025) + `"}`, `{"last":"10m","by":"` + strings.Repeat("x", 1025) + `"}`,
		`{"last":"10m","reason":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		var coded *Error
		if _, err := ReadInput(strings.NewReader(text)); !errors.As(err, &coded) || coded.Code != InvalidInput {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func FuzzReadInput(f *testing.F) {
	f.Add(`{"last":"10m","and":"2m","reason":"why","by":"alice"}`)
	f.Fuzz(func(t *testing.T, text string) {
		input, err := ReadInput(strings.NewReader(text))
		if err != nil {
			return
		}
		request, err := input.request(time.Now())
		if err != nil || request.To.Before(request.From) || len(request.Reason) > mostReason {
			t.Errorf("%+v, %v", request, err)
		}
	})
}
