package status

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"packet-capture/agent/internal/nettest"
	"packet-capture/agent/internal/push"
	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/upload"
)

func TestFolderIsNobodyElses(t *testing.T) {
	folder := Folder{filepath.Join(t.TempDir(), ".agent")}
	// One of before may be open to all.
	if err := os.Mkdir(folder.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := folder.Write([]byte(text), []byte("metrics of "+text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder.Path, "status.json"))
		if err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	err := filepath.WalkDir(folder.Path, func(path string, entry fs.DirEntry, err error) error {
		info, _ := entry.Info()
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// On a full volume the status is written in the place of the old one.
func TestWriteOnAFullVolume(t *testing.T) {
	nettest.Enter(t)
	volume := nettest.Volume(t, "64k")
	folder := Folder{filepath.Join(volume, ".agent")}
	if err := folder.Write([]byte(strings.Repeat("x", 100)), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(volume, "large"), make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := folder.Write([]byte("new"), nil); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder.Path, "status.json")); string(got) != "new" {
		t.Errorf("%q, %v", got, err)
	}
	if err := (Folder{filepath.Join(volume, "no", "folder")}).Write(nil, nil); err == nil {
		t.Error("no error for a folder that cannot be made")
	}
}

func TestStatusIsWrittenAsDocumented(t *testing.T) {
	s := Status{Snaplen: Snaplen(settings.Snaplen{Headers: true}), Interfaces: []string{}, Invalid: []settings.Invalid{}, Kept: Kept{IDs: []string{}, Lasting: []string{}}, Settings: json.RawMessage(`{"filter":"<"}`)}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"","version":"","state":"","reason":"","started":"","interfaces":[],"filter":"","snaplen":"headers","file":"","files":0,"packets":0,"bytes":0,` +
		`"dropped":{"kernel":0,"interface":0,"queue":0},"ring":{"files":0,"bytes":0},` +
		`"kept":{"keeps":0,"files":0,"bytes":0,"limit":0,"ids":[],"lasting":[],"pending":0,"total":0,"leftOut":0,"removed":0,"failed":0},"settings":{"filter":"\u003c"},"invalid":[]}`
	if string(text) != want {
		t.Errorf("%s", text)
	}
	s.Snaplen = Snaplen(settings.Snaplen{Bytes: 96})
	if text, _ = json.Marshal(s.Snaplen); string(text) != "96" {
		t.Errorf("%s", text)
	}
}

func TestMetrics(t *testing.T) {
	m := Metrics{
		Status:      Status{Version: "1.2.3", State: Idle, Packets: 7, Invalid: []settings.Invalid{{Setting: "filter"}, {Setting: "filter", Reason: "another"}}},
		FilesLimit:  8,
		LastErrorAt: time.Unix(1_800_000_000, 5),
		Push:        &push.Status{State: push.Connected, Connections: 2},
		Upload:      &upload.Status{Pending: 3, LastUploaded: "2026-11-22T18:00:00Z"},
		Mirror:      &Mirror{State: "mirroring", Packets: 4},
	}
	text := string(m.Text())
	for _, line := range []string{
		`packet_capture_agent_info{version="1.2.3"} 1`, `packet_capture_packets_total 7`, `packet_capture_state{state="idle"} 1`, `packet_capture_state{state="capturing"} 0`,
		`packet_capture_files_limit 8`, `packet_capture_setting_invalid{setting="filter"} 1`, `packet_capture_last_error_timestamp_seconds 1800000000`,
		`packet_capture_stream_connected 1`, `packet_capture_stream_connections_total 2`, `packet_capture_upload_pending_files 3`,
		`packet_capture_upload_last_success_timestamp_seconds 1795370400`, `packet_capture_mirror_active 1`, `packet_capture_mirror_packets_total 4`,
		`# TYPE packet_capture_mirror_packets_total counter`,
	} {
		// A series that is there twice spoils the answer.
		if strings.Count(text, line+"\n") != 1 {
			t.Errorf("not one %s in\n%s", line, text)
		}
	}
	less := string(Metrics{}.Text())
	for _, name := range []string{"files_limit", "setting_invalid", "last_error", "stream_", "upload_", "mirror_"} {
		if strings.Contains(less, name) {
			t.Errorf("%s in\n%s", name, less)
		}
	}
}

func TestServer(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	s := NewServer()
	if err := s.Serve(t.Context(), address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("on a port that is taken: %v", err)
	}
	_ = free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, address) }()
	get := func(method, path string) int {
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			request, _ := http.NewRequest(method, "http://"+address+path, nil)
			response, err := http.DefaultTransport.RoundTrip(request)
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				return response.StatusCode
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	if code := get("GET", "/metrics"); code != 503 {
		t.Errorf("%d before there is something to say", code)
	}
	s.Set([]byte("x 1\n"))
	for _, test := range []struct {
		method, path string
		code         int
	}{{"GET", "/metrics", 200}, {"HEAD", "/metrics", 200}, {"GET", "/metrics?a=b", 200}, {"POST", "/metrics", 405}, {"GET", "/", 404}, {"GET", "/metrics/", 404}, {"GET", "/x/../metrics", 404}, {"GET", "/%6detrics", 404}} {
		if code := get(test.method, test.path); code != test.code {
			t.Errorf("%s %s: %d", test.method, test.path, code)
		}
	}
	// Those that say nothing hold nobody up, and the oldest of them goes.
	var silent []net.Conn
	for range 3 * mostConnections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, conn)
	}
	if code := get("GET", "/metrics"); code != 200 {
		t.Errorf("%d next to silent clients", code)
	}
	_ = silent[0].SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := bufio.NewReader(silent[0]).ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the oldest: %v", err)
	}
	for _, conn := range silent {
		_ = conn.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
