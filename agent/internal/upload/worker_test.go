package upload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/webdav"

	"packet-capture/agent/internal/rclonejob"
)

func TestAnImageWithoutRclone(t *testing.T) {
	s := newStation(t, "/usr/bin/there-is-no-rclone")
	s.configure(s3Config("http://127.0.0.1:1")...)
	s.do(func() { s.Set("s3:captures") })
	s.capture(10)
	if got := s.expect("upload failed").(FailedEvent); got.Reason != "this image has no rclone: use the image without -slim" {
		t.Errorf("%+v", got)
	}
}

// pcapngFile has blocks of these types, and half a block at its end.
func pcapngFile(t *testing.T, path string, kinds ...uint32) {
	t.Helper()
	var content []byte
	for _, kind := range kinds {
		block := binary.LittleEndian.AppendUint32(nil, kind)
		block = binary.LittleEndian.AppendUint32(block, 32)
		block = append(block, make([]byte, 20)...)
		content = append(content, binary.LittleEndian.AppendUint32(block, 32)...)
	}
	content = append(content, 6, 0, 0, 0, 32, 0, 0, 0, 1)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheNextContainerUploadsWhatTheOneBeforeLeft(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.do(func() { s.Set("s3:captures") })
	s.capture(1000)
	s.expect("upload failed")
	open := filepath.Join(s.captures, "web-1_20261122190000_00001.pcapng")
	gone := filepath.Join(s.captures, "web-1_20261122180500_00001.pcapng")
	for _, path := range []string{gone, open} {
		s.do(func() {
			s.Opened(File{Path: path, Interfaces: []string{"eth0"}, Snaplen: "headers", Started: time.Unix(0, 0)})
		})
	}
	pcapngFile(t, open, 0x0a0d0d0a, 1, 6, 6, 5)
	// The container is gone, and there is another one.
	s.close(0)
	next := &station{t: t, captures: s.captures, secret: s.secret, events: make(chan emitted, 100)}
	next.configure(s3Config(b.URL)...)
	next.begin(program(t))
	next.do(func() { next.Set("s3:captures") })
	if got := next.expect("upload lost").(LostEvent); got.File != gone || got.Packets != nil {
		t.Errorf("%+v", got)
	}
	if got := next.expect("uploaded").(UploadedEvent); len(got.Files) != 2 {
		t.Errorf("%+v", got)
	}
	note := string(b.objects["/captures/shop/web-1/web-1/20261122T190000Z-00001.json"])
	for _, part := range []string{`"packets":2`, `"dropped":null`, `"bytes":169`, `"snaplen":"headers"`} {
		if !strings.Contains(note, part) {
			t.Errorf("no %s in %s", part, note)
		}
	}
}

func TestAFileWithoutPacketsIsNotUploaded(t *testing.T) {
	s := newStation(t, "")
	s.do(func() {
		s.Set("s3:captures")
		s.Opened(File{Path: filepath.Join(s.captures, "web-1_20261122190000_00001.pcapng")})
		s.Closed(time.Now(), 0, 0, 100)
	})
	if entries, _ := os.ReadDir(filepath.Join(s.captures, ".agent/upload/queue")); len(entries) != 0 {
		t.Errorf("%v", entries)
	}
}

func TestAFileThatTheRingLetsGoIsLost(t *testing.T) {
	s := newStation(t, "")
	s.do(func() { s.Set("s3:captures") })
	path := s.capture(10)
	s.expect("upload failed")
	_ = os.Remove(path)
	s.do(s.Look)
	if got := s.expect("upload lost").(LostEvent); got.File != path || *got.Packets != 7 {
		t.Errorf("%+v", got)
	}
	s.do(func() {
		if st := s.Status(); st.Lost != 1 || st.Pending != 0 || st.Failed != 1 || !strings.Contains(st.LastError, "Secret") {
			t.Errorf("%+v", st)
		}
	})
}

func TestTheEndDoesNotWaitForEver(t *testing.T) {
	s := newStation(t, program(t))
	silent, err := (&plainNetwork{}).Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	s.configure(s3Config("http://" + silent.Addr().String())...)
	s.do(func() { s.Set("s3:captures") })
	s.capture(10)
	time.Sleep(200 * time.Millisecond)
	started := time.Now()
	s.close(500 * time.Millisecond)
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if got := s.expect("error").(ErrorEvent); got.Reason != "upload: the container ends before 1 file was uploaded" {
		t.Errorf("%+v", got)
	}
}

func TestTheLastFileIsUploadedAtTheEnd(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	s.do(func() { s.Set("s3:captures") })
	s.capture(10)
	s.expect("uploaded")
	// In the pause between two goes.
	s.capture(10)
	s.close(20 * time.Second)
	s.expect("uploaded")
	if len(b.objects) != 4 {
		t.Errorf("%d objects", len(b.objects))
	}
}

func TestAnotherDestinationTakesWhatWaits(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	silent, err := (&plainNetwork{}).Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	s.configure(append(s3Config(b.URL), "[silent]", "type = s3", "provider = Other", "endpoint = http://"+silent.Addr().String(), "access_key_id = a", "secret_access_key = b")...)
	s.do(func() { s.Set("silent:captures") })
	s.capture(10)
	time.Sleep(200 * time.Millisecond)
	s.do(func() { s.Set("s3:captures") })
	s.expect("uploaded")
	s.do(func() { s.Set("") })
	if s.Status() != nil {
		t.Error("there is a status")
	}
}

// A file that is on its way when the destination changes gets its note there, and does not go to both.
func TestAFileOnItsWayGetsItsNote(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	var once sync.Once
	b.slow = func(r *http.Request) {
		if r.Method == http.MethodPut {
			once.Do(func() {
				s.do(func() { s.Set("s3:other") })
				// For long enough to be killed.
				time.Sleep(300 * time.Millisecond)
			})
		}
	}
	s.do(func() { s.Set("s3:captures") })
	s.capture(10)
	s.expect("uploaded")
	s.capture(10)
	s.expect("uploaded")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, folder := range []string{"captures", "other"} {
		far := fmt.Sprintf("/shop/web-1/web-1/20261122T180000Z-%05d", i+1)
		for _, ending := range []string{".pcapng", ".json"} {
			if _, there := b.objects["/"+folder+far+ending]; !there {
				t.Errorf("no %s in %s", far+ending, folder)
			}
		}
	}
	if len(b.objects) != 4 {
		t.Errorf("%d objects", len(b.objects))
	}
}

func TestThroughTheUsersOwnProxy(t *testing.T) {
	var used atomic.Int64
	own, s := userProxy(t, &used), newStation(t, program(t))
	b := newBucket(t, false)
	reachable := serveAt(t, outside(t), httptest.NewUnstartedServer(b))
	reachable.Start()
	s.configure(s3Config(reachable.URL)...)
	for key, value := range map[string]string{"proxy": "http://me:wrong@" + own.Listener.Addr().String(), "no-proxy": "example.com"} {
		if err := os.WriteFile(filepath.Join(s.secret, key), []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.do(func() { s.Set("s3:captures") })
	s.capture(10)
	if got := s.expect("upload failed").(FailedEvent); strings.Contains(got.Reason, "wrong") {
		t.Errorf("%+v", got)
	}
	if err := os.WriteFile(filepath.Join(s.secret, "proxy"), []byte("http://me:secret@"+own.Listener.Addr().String()), 0o644); err != nil {
		t.Fatal(err)
	}
	s.expect("uploaded")
	if used.Load() < 4 {
		t.Errorf("used %d times", used.Load())
	}
}

func TestWebDAV(t *testing.T) {
	folder, s := t.TempDir(), newStation(t, program(t))
	server := httptest.NewServer(&webdav.Handler{FileSystem: webdav.Dir(folder), LockSystem: webdav.NewMemLS()})
	defer server.Close()
	s.configure("[dav]", "type = webdav", "vendor = other", "url = "+server.URL)
	s.do(func() { s.Set("dav:captures/prod") })
	s.capture(1000)
	s.expect("uploaded")
	if size, ok := exists(filepath.Join(folder, "captures/prod/shop/web-1/web-1/20261122T180000Z-00001.pcapng")); !ok || size != 1000 {
		t.Errorf("%d %v", size, ok)
	}
}

// childOf starts rclone's process by itself, with a configuration that nobody has checked.
func childOf(t *testing.T, config Config, remote string) *child {
	t.Helper()
	p := newProxy(t, nil)
	c, err := startChild(context.Background(), program(t), rclonejob.Setup{Config: config, Remote: remote, Proxy: p.url.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.end() })
	return c
}

func TestRcloneRunsNoProgramEvenIfItIsTold(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	config := Config{"x": {"type": "webdav", "url": "http://127.0.0.1:1/", "vendor": "other", "bearer_token_command": "touch " + mark}}
	c := childOf(t, config, "x:y")
	result, err := c.upload(rclonejob.File{Path: os.Args[0], Name: "n", Note: "{}"})
	if err == nil && result.Error == "" {
		t.Error("no error")
	}
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it ran")
	}
}

func TestRcloneHasNoCapabilitiesAndNoSecretsToSee(t *testing.T) {
	b := newBucket(t, false)
	config, _ := ParseConfig(strings.Join(s3Config(b.URL), "\n"))
	c := childOf(t, config, "s3:captures")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if result, err := c.upload(rclonejob.File{Path: file, Name: fmt.Sprint(i), Note: "{}"}); err != nil || result.Error != "" {
			t.Fatalf("%v %+v", err, result)
		}
	}
	proc := fmt.Sprintf("/proc/%d/", c.command.Process.Pid)
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "RssAnon") {
			t.Log(line)
		}
	}
	for _, line := range []string{"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("no %q", line)
		}
	}
	environment, _ := os.ReadFile(proc + "environ")
	arguments, _ := os.ReadFile(proc + "cmdline")
	for _, text := range []string{testSecret, testAccess, "agent:"} {
		if strings.Contains(string(environment)+string(arguments), text) {
			t.Errorf("%q can be seen", text)
		}
	}
	if b.requests[http.MethodPut] != 20 {
		t.Errorf("%v", b.requests)
	}
}

func TestNamesThereAndBack(t *testing.T) {
	n := names{"web-1", "/captures"}
	for near, far := range map[string]string{
		"/captures/web-1_20261122180000_00001.pcapng":  "20261122T180000Z-00001",
		"/captures/web-1_20261122180000_123456.pcapng": "20261122T180000Z-123456",
	} {
		if got, err := n.far(near); err != nil || got != far || n.near(far) != near {
			t.Errorf("%s: %s %v, %s", near, got, err, n.near(far))
		}
	}
	for _, other := range []string{"/captures/x.pcapng", "/captures/web-1_2026_1.pcapng", "/captures/web-1_20261122180000_00001.pcap", "/captures/web_20261122180000_00001.pcapng"} {
		if got, err := n.far(other); err == nil {
			t.Errorf("%s: %s", other, got)
		}
	}
}
