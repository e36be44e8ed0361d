package upload

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFilesAndNotesArriveAndAreChecked(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	s.do(func() { s.Set("s3:captures/prod/") })
	path := s.capture(100_000)
	got := s.expect("uploaded").(UploadedEvent)
	if len(got.Files) != 1 || got.Files[0] != "20261122T180000Z-00001" || got.Bytes != 100_000 || got.Unverified != "" {
		t.Errorf("%+v", got)
	}
	content, _ := os.ReadFile(path)
	key := "/captures/prod/shop/web-1/web-1/20261122T180000Z-00001"
	if string(b.objects[key+".pcapng"]) != string(content) || b.requests[http.MethodHead] != 2 || b.requests[http.MethodGet] != 0 {
		t.Errorf("%d objects, requests %v", len(b.objects), b.requests)
	}
	var note map[string]any
	if err := json.Unmarshal(b.objects[key+".json"], &note); err != nil {
		t.Fatal(err)
	}
	sum, _ := sumOf(path)
	for member, want := range map[string]any{
		"file": filepath.Base(path), "namespace": "shop", "workload": "web-1", "filter": `tcp "x"`, "snaplen": 0.0, "started": "2026-11-22T18:00:00Z",
		"ended": "2026-11-22T18:01:00Z", "packets": 7.0, "dropped": 1.0, "bytes": 100_000.0, "sha256": sum,
	} {
		if note[member] != want {
			t.Errorf("%s: %v, not %v", member, note[member], want)
		}
	}
	s.do(func() {
		if st := s.Status(); st.Pending != 0 || st.Uploaded != 1 || st.LastError != "" || st.LastUploaded == "" {
			t.Errorf("%+v", st)
		}
	})
}

func TestBucketsOfOtherKinds(t *testing.T) {
	random := 0
	cases := map[string]struct {
		change     func(*bucket)
		unverified string
		failed     string
	}{
		"SSE-KMS, whose ETags are no checksums": {change: func(b *bucket) {
			tags := map[string]string{}
			b.etag = func(content []byte) string {
				if tags[string(content)] == "" {
					random++
					sum := md5.Sum([]byte(fmt.Sprint(random)))
					tags[string(content)] = hex.EncodeToString(sum[:])
				}
				return tags[string(content)]
			}
		}},
		"Object Lock, which demands a checksum": {change: func(b *bucket) { b.demandMD5 = true }},
		"a key that may only put":               {change: func(b *bucket) { b.forbid = "HEAD GET" }, unverified: "403"},
		"a key that may not put":                {change: func(b *bucket) { b.forbid = "PUT" }, failed: "AccessDenied"},
		"what is not stored as it was sent": {change: func(b *bucket) {
			b.corrupt = true
			kept := b.etag
			first := true
			b.etag = func(content []byte) string {
				if first {
					first = false
					return "0123456789abcdef0123456789abcdef"
				}
				return kept(content)
			}
		}, failed: "the destination does not have what was sent"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, s := newBucket(t, false), newStation(t, program(t))
			c.change(b)
			s.configure(s3Config(b.URL)...)
			s.do(func() { s.Set("s3:captures") })
			s.capture(1000)
			if c.failed != "" {
				if got := s.expect("upload failed").(FailedEvent); !strings.Contains(got.Reason, c.failed) || got.Pending != 1 || got.Retry != "1s" {
					t.Errorf("%+v", got)
				}
				return
			}
			if got := s.expect("uploaded").(UploadedEvent); !strings.Contains(got.Unverified, c.unverified) || (c.unverified == "") != (got.Unverified == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAnAuthorityOfTheUsersOwn(t *testing.T) {
	b, s := newBucket(t, true), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	s.do(func() { s.Set("s3:captures") })
	s.capture(1000)
	if got := s.expect("upload failed").(FailedEvent); !strings.Contains(got.Reason, "certificate") {
		t.Errorf("%+v", got)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(s.secret, "ca.crt"), certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	s.expect("uploaded")
}

func TestWhatHindersIsSaidWithoutSecretsAndMendedLater(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.do(func() { s.Set("s3:captures") })
	s.capture(1000)
	fails := func(reason string) {
		t.Helper()
		got := s.expect("upload failed").(FailedEvent)
		if !strings.Contains(got.Reason, reason) || strings.Contains(got.Reason, testSecret) || strings.Contains(got.Reason, testAccess) {
			t.Errorf("%+v, not %s", got, reason)
		}
	}
	fails("the Secret packet-capture-upload is not there, or has no rclone.conf")
	s.configure(s3Config(b.URL, "bearer_token_command = sh -c id")...)
	fails("bearer_token_command of [s3] in rclone.conf is refused: it runs a program")
	s.configure("[gcs]", "type = gcs")
	s.do(func() { s.Set("s4:captures") })
	fails("didn't find section in config file")
	s.configure(s3Config("http://127.0.0.1:1")...)
	s.do(func() { s.Set("s3:captures") })
	fails("127.0.0.1:1: connection refused")
	s.configure(s3Config(b.URL)...)
	s.expect("uploaded")
}

func TestOneFileThatFailsHoldsUpNoOther(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	var paths []string
	s.do(func() { s.Set("s3:captures") })
	b.status = 503
	for range 5 {
		paths = append(paths, s.capture(1000))
	}
	_ = os.Remove(paths[1])
	b.mu.Lock()
	b.status = 0
	b.mu.Unlock()
	uploaded, lost := 0, 0
	for uploaded+lost < 5 {
		switch e := <-s.events; e.name {
		case "uploaded":
			uploaded += len(e.members.(UploadedEvent).Files)
		case "upload lost":
			lost++
		}
	}
	if uploaded != 4 || lost != 1 {
		t.Errorf("%d uploaded, %d lost", uploaded, lost)
	}
}

func TestHowFast(t *testing.T) {
	b, s := newBucket(t, false), newStation(t, program(t))
	s.configure(s3Config(b.URL)...)
	const count = 200
	b.mu.Lock()
	s.do(func() { s.Set("s3:captures") })
	for range count {
		s.capture(100_000)
	}
	started := time.Now()
	b.mu.Unlock()
	for uploaded := 0; uploaded < count; {
		uploaded += len(s.expect("uploaded").(UploadedEvent).Files)
	}
	t.Logf("%.0f files a minute", count/time.Since(started).Minutes())
}
