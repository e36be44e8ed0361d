package status

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"packet-capture/agent/internal/listen"
)

const (
	// mostConnections: see listen.Bound.
	mostConnections = 16
	// mostHeader is how many bytes the head of a request may have; net/http allows some 4 KiB more.
	mostHeader = 1 << 10
	patience   = 10 * time.Second
)

// Server answers `GET /metrics`, and everything else with an error.
type Server struct {
	text   atomic.Pointer[[]byte]
	server http.Server
}

// NewServer makes a server; Serve starts it.
func NewServer() *Server {
	s := &Server{}
	s.server = http.Server{
		Handler:           http.HandlerFunc(s.answer),
		ReadHeaderTimeout: patience,
		WriteTimeout:      patience,
		MaxHeaderBytes:    mostHeader,
		// The client gets the error; there is no log of it.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s.server.SetKeepAlivesEnabled(false)
	return s
}

// Set replaces the text of the answer. It may be called from any goroutine.
func (s *Server) Set(text []byte) {
	s.text.Store(&text)
}

// Serve listens at an address like `:9464`, on all addresses of both families, and answers until the context is done or
// it fails. The error wraps syscall.EADDRINUSE if the port is in use.
func (s *Server) Serve(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.server.Close() })
	defer stop()
	if err := s.server.Serve(listen.Bound(listener, mostConnections)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	text := s.text.Load()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case path != "/metrics":
		http.Error(w, "only /metrics", http.StatusNotFound)
	case text == nil:
		http.Error(w, "not yet", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(*text)))
		_, _ = w.Write(*text)
	}
}
