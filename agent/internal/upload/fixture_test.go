package upload

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
	"packet-capture/agent/internal/nettest"
)

// built is agent/rclone, built once.
var built struct {
	sync.Once
	path string
	err  error
	said []byte
}

// TestMain takes away what program has built.
func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// program is the path of agent/rclone, as the image has it: static.
func program(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		folder, err := os.MkdirTemp("", "packet-capture-rclone-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(folder, "rclone")
		command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built.path, ".")
		command.Dir = "../../rclone"
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		built.said, built.err = command.CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("%v: %s", built.err, built.said)
	}
	return built.path
}

// bucket is a server with S3's interface, as far as an upload uses it.
type bucket struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	// requests counts, by method.
	requests map[string]int
	// etag makes an object's ETag; forbid answers 403 to a method; demandMD5 is what a bucket with Object Lock does;
	// status is an answer to all, if it is not 0.
	etag      func([]byte) string
	forbid    string
	demandMD5 bool
	status    int
	corrupt   bool
	// slow is called before the answer to each request, if it is not nil.
	slow func(*http.Request)
}

func newBucket(t *testing.T, secure bool) *bucket {
	t.Helper()
	b := &bucket{objects: map[string][]byte{}, requests: map[string]int{}}
	b.etag = func(content []byte) string {
		sum := md5.Sum(content)
		return hex.EncodeToString(sum[:])
	}
	if secure {
		b.Server = httptest.NewTLSServer(b)
	} else {
		b.Server = httptest.NewServer(b)
	}
	t.Cleanup(b.Close)
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.slow != nil {
		b.slow(r)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests[r.Method]++
	content, _ := io.ReadAll(r.Body)
	fail := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
	}
	switch {
	case b.status != 0:
		fail(b.status, "InternalError")
	case strings.Contains(b.forbid, r.Method):
		fail(http.StatusForbidden, "AccessDenied")
	case r.Method == http.MethodPut:
		sum := md5.Sum(content)
		said := r.Header.Get("Content-Md5")
		if said == "" && b.demandMD5 {
			fail(http.StatusBadRequest, "InvalidRequest")
			return
		}
		if said != "" && said != base64.StdEncoding.EncodeToString(sum[:]) {
			fail(http.StatusBadRequest, "BadDigest")
			return
		}
		if b.corrupt {
			content = append([]byte{}, content...)
			content[0] ^= 1
		}
		b.objects[r.URL.Path] = content
		w.Header().Set("ETag", `"`+b.etag(content)+`"`)
	case r.Method == http.MethodHead:
		content, found := b.objects[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", `"`+b.etag(content)+`"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	default:
		fail(http.StatusNotImplemented, "NotImplemented")
	}
}

// emitted is an event.
type emitted struct {
	name    string
	members any
}

// station is an Upload on a loop, with folders of its own.
type station struct {
	*Upload
	t                *testing.T
	loop             *loop.Loop
	captures, secret string
	events           chan emitted
	number           int
}

func newStation(t *testing.T, program string) *station {
	t.Helper()
	s := &station{t: t, captures: t.TempDir(), secret: t.TempDir(), events: make(chan emitted, 1000)}
	s.begin(program)
	return s
}

func (s *station) begin(program string) {
	l := nettest.Loop(s.t)
	s.loop = l
	s.Upload = New(Options{
		Loop: l, Network: &plainNetwork{}, Captures: s.captures, Folder: filepath.Join(s.captures, ".agent/upload"), Secret: s.secret, Program: program,
		Emit: func(name string, members any) { s.events <- emitted{name, members} }, Changed: func() {},
		Namespace: "shop", Pod: "web-1", Node: "node0", Version: "0.1.0",
	})
	s.t.Cleanup(func() { s.close(0) })
}

func (s *station) do(fn func()) { nettest.On(s.loop, fn) }

func (s *station) close(within time.Duration) {
	done := make(chan struct{})
	s.do(func() { s.Close(within, func() { close(done) }) })
	select {
	case <-done:
	case <-time.After(within + 10*time.Second):
		s.t.Error("it does not end")
	}
}

func (s *station) expect(name string) any {
	s.t.Helper()
	select {
	case e := <-s.events:
		if e.name != name {
			s.t.Fatalf("%s %+v, not %s", e.name, e.members, name)
		}
		return e.members
	case <-time.After(30 * time.Second):
		s.t.Fatalf("no %s", name)
		return nil
	}
}

// capture writes a file of that many bytes, opened and closed.
func (s *station) capture(size int) (path string) {
	s.t.Helper()
	s.number++
	path = filepath.Join(s.captures, fmt.Sprintf("web-1_20261122180000_%05d.pcapng", s.number))
	content := strings.Repeat(fmt.Sprint(s.number, " "), size)[:size]
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	started := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	s.do(func() {
		s.Opened(File{Path: path, Interfaces: []string{"eth0"}, Filter: `tcp "x"`, Snaplen: 0, Started: started})
		s.Closed(started.Add(time.Minute), 7, 1, int64(size))
	})
	return path
}

func (s *station) configure(lines ...string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.secret, "rclone.conf"), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

const (
	testAccess = "ACCESSKEYOFTHEBUCKET"
	testSecret = "averysecretkey/of+the+bucket"
)

func s3Config(endpoint string, more ...string) []string {
	return append([]string{"[s3]", "type = s3", "provider = Other", "endpoint = " + endpoint, "access_key_id = " + testAccess, "secret_access_key = " + testSecret}, more...)
}
