// Package keepserver takes requests to keep files: from the apps of the pod by HTTP on loopback, and from
// `packet-capture-agent keep` by a socket in the agent's folder.
package keepserver

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/listen"
	"packet-capture/agent/internal/settings"
)

const (
	// mostReason is how many bytes the body of a request may have.
	mostReason = 1 << 10
	// pause is the time between two requests of apps that are done.
	pause = 10 * time.Second
	// mostConnections: see listen.Bound.
	mostConnections = 8
	// mostHeader is how many bytes the head of a request may have; net/http allows some 4 KiB more.
	mostHeader = 2 << 10
	patience   = 10 * time.Second
	// answerTime is how long a keep may take.
	answerTime = 30 * time.Second
)

// Ask does what a request asks for. It may be called from any goroutine, and returns when the files of a window that has
// ended are kept, or those until now of one that has not.
type Ask func(keep.Request) (*keep.Note, error)

// HTTP answers `POST /keep?last=10m&and=2m` on loopback. The body is the reason.
type HTTP struct {
	ask    Ask
	server http.Server

	mu   sync.Mutex
	next time.Time
	now  func() time.Time
}

// NewHTTP makes a server; Serve starts it.
func NewHTTP(ask Ask) *HTTP {
	s := &HTTP{ask: ask, now: time.Now}
	s.server = http.Server{
		Handler:                      http.HandlerFunc(s.answer),
		ReadTimeout:                  patience,
		WriteTimeout:                 patience + answerTime,
		MaxHeaderBytes:               mostHeader,
		ErrorLog:                     log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true,
	}
	s.server.SetKeepAlivesEnabled(false)
	return s
}

// Listen listens on a port of 127.0.0.1 and ::1, or on one of both where the pod has only that.
func Listen(port uint16) ([]net.Listener, error) {
	var listeners []net.Listener
	var problem error
	for _, address := range []string{"127.0.0.1", "::1"} {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(port))))
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		listeners = append(listeners, listen.Bound(listener, mostConnections))
	}
	if len(listeners) == 0 {
		return nil, problem
	}
	return listeners, nil
}

// Serve answers until Close.
func (s *HTTP) Serve(listeners []net.Listener) {
	for _, listener := range listeners {
		go func() { _ = s.server.Serve(listener) }()
	}
}

// Close ends the server and its connections.
func (s *HTTP) Close() { _ = s.server.Close() }

// refusal is why a request is refused.
type refusal struct {
	status int
	reason string
}

func (s *HTTP) answer(w http.ResponseWriter, r *http.Request) {
	request, refused := s.parse(w, r)
	if refused == nil {
		refused = s.tooSoon(w)
	}
	if refused != nil {
		reply(w, refused.status, map[string]string{"error": refused.reason})
		return
	}
	note, err := s.ask(request)
	if err != nil {
		reply(w, http.StatusInsufficientStorage, map[string]string{"error": err.Error()})
		return
	}
	reply(w, http.StatusOK, note)
}

// parse reads a request. What a browser sends for a page that it shows is refused: a page in a browser in the pod must not
// be able to ask, not even by a name that leads to 127.0.0.1.
func (s *HTTP) parse(w http.ResponseWriter, r *http.Request) (keep.Request, *refusal) {
	var request keep.Request
	switch {
	case !isLoopback(r.Host):
		return request, &refusal{http.StatusMisdirectedRequest, "the header Host must be localhost, 127.0.0.1 or [::1]"}
	case fromPage(r.Header):
		return request, &refusal{http.StatusForbidden, "no page in a browser may ask"}
	case r.URL.Path != "/keep":
		return request, &refusal{http.StatusNotFound, "only /keep"}
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return request, &refusal{http.StatusMethodNotAllowed, "only POST"}
	case isForm(r.Header.Get("Content-Type")):
		return request, &refusal{http.StatusUnsupportedMediaType, "the body is the reason: send it as text/plain"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostReason))
	switch {
	case err != nil:
		return request, &refusal{http.StatusRequestEntityTooLarge, "the reason must have at most 1024 bytes"}
	case !utf8.Valid(body):
		return request, &refusal{http.StatusBadRequest, "the reason must be a text in UTF-8"}
	}
	query := r.URL.Query()
	for name := range query {
		if name != "last" && name != "and" || len(query[name]) > 1 {
			return request, &refusal{http.StatusBadRequest, "only last and and, each once"}
		}
	}
	window, reason := relative(s.now(), query.Get("last"), query.Get("and"))
	if reason != "" {
		return request, &refusal{http.StatusBadRequest, reason}
	}
	request = window
	request.Trigger, request.Reason = keep.HTTP, strings.ToValidUTF8(plain(string(body)), "")
	return request, nil
}

// tooSoon lets one request through in each pause.
func (s *HTTP) tooSoon(w http.ResponseWriter) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if left := s.next.Sub(now); left > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((left+time.Second-1)/time.Second)))
		return &refusal{http.StatusTooManyRequests, "one request in ten seconds"}
	}
	s.next = now.Add(pause)
	return nil
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// isLoopback reports whether a Host header names this very host: a page's name may lead here, too (DNS rebinding).
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback()
}

// fromPage reports whether a browser sends the request for a page: it says where that is from, and a page cannot keep it
// from that (fetch.spec.whatwg.org).
func fromPage(header http.Header) bool {
	for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Site", "Cookie"} {
		if header.Get(name) != "" {
			return true
		}
	}
	return false
}

// isForm reports whether the body is that of a form, which a page may send anywhere. Other types but text/plain need a
// preflight, which is refused.
func isForm(contentType string) bool {
	if contentType == "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err != nil || kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data"
}

// plain puts a text into one line.
func plain(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text))
}

// relative is a window from some time before now to some time after it.
func relative(now time.Time, last, and string) (keep.Request, string) {
	before, reason := settings.ParseDuration(last)
	if reason != "" || before == 0 {
		return keep.Request{}, "last must be a duration from 1s to 8760h, such as 10m"
	}
	var after time.Duration
	if and != "" {
		if after, reason = settings.ParseDuration(and); reason != "" {
			return keep.Request{}, "and must be a duration from 1s to 8760h, such as 2m"
		}
	}
	return keep.Request{From: now.Add(-before), To: now.Add(after), Relative: true}, ""
}
