package attached

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"packet-capture/agent/internal/settings"
)

func TestReadRequest(t *testing.T) {
	request, err := ReadRequest(strings.NewReader(`{"filter":"port 80","state":null,"rotate":"","ttl":"1h","by":"alice","reason":"INC-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "map[by:alice filter:port 80 reason:INC-1 rotate: state: ttl:1h]"; fmt.Sprint(request) != want {
		t.Errorf("%v", request)
	}
	for text, code := range map[string]Code{
		`{"filtre":"udp"}`:                 UnknownSetting,
		`{"until":"2026-11-29T00:00:00Z"}`: UnknownSetting,
		`{"../filter":""}`:                 UnknownSetting,
		`{"ttl":"soon"}`:                   InvalidInput,
		`{"ttl":""}`:                       InvalidInput,
		`{"ttl":null}`:                     InvalidInput,
		`{"ttl":"9000h"}`:                  InvalidInput,
		`{"file-count":4}`:                 InvalidInput,
		`{"by":"` + strings.Repeat("a", 1025) + `"}`:      InvalidInput,
		`{"reason":"` + strings.Repeat("a", 1<<18) + `"}`: InvalidInput,
		`["filter"]`:                        InvalidInput,
		`null`:                              InvalidInput,
		``:                                  InvalidInput,
		`{"filter":"udp"} {"filter":"tcp"}`: InvalidInput,
	} {
		var coded *Error
		if _, err := ReadRequest(strings.NewReader(text)); !errors.As(err, &coded) || coded.Code != code || coded.Reason == "" {
			t.Errorf("%.60s: %+v", text, err)
		}
	}
}

func TestSet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "settings")
	now := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	if err := Create(dir, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		request Request
		want    string
	}{
		{Request{"filter": "udp", "by": "alice"}, "udp alice 2026-11-29T04:00:00Z"},
		{Request{"state": "running"}, "udp alice 2026-11-29T04:00:00Z"},
		{Request{"filter": "", "ttl": "30m", "by": ""}, "  2026-11-29T03:30:00Z"},
	}
	for _, step := range steps {
		values, err := Set(dir, step.request, func() time.Time { return now })
		got := values["filter"] + " " + values["by"] + " " + values["until"]
		if err != nil || got != step.want || len(values) != len(settings.Table)+3 {
			t.Errorf("%v: %q, %v", step.request, got, err)
		}
		read, err := settings.Read(dir)
		if err != nil || fmt.Sprint(read) != fmt.Sprint(values) {
			t.Errorf("%v is in the folder, %v", read, err)
		}
	}
}

// What the kubelet keeps up to date is its own.
func TestSetRefusesAVolume(t *testing.T) {
	dir := t.TempDir()
	if err := settings.Write(dir, settings.Values{"filter": "udp"}); err != nil {
		t.Fatal(err)
	}
	var coded *Error
	if _, err := Set(dir, Request{"filter": "tcp"}, time.Now); !errors.As(err, &coded) || coded.Code != NotAttached {
		t.Errorf("%v", err)
	}
	if values, err := settings.Read(dir); err != nil || values["filter"] != "udp" {
		t.Errorf("%v, %v", values, err)
	}
	if _, err := Set(filepath.Join(dir, "none"), Request{}, time.Now); !errors.As(err, &coded) || coded.Code != NotAttached {
		t.Errorf("%v", err)
	}
}

func TestSetWaitsForAnAgentThatStarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "settings")
	time.AfterFunc(100*time.Millisecond, func() { _ = Create(dir, time.Now().Add(time.Hour)) })
	if _, err := Set(dir, Request{"filter": "udp"}, time.Now); err != nil {
		t.Error(err)
	}
}

// Of many at once none is lost, and whoever reads meanwhile finds a whole version.
func TestManySetsAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "settings")
	if err := Create(dir, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	// Each of these has one writer, and all others write the filter.
	once := []string{"interfaces", "rotate", "duration", "stream", "snaplen", "by", "reason"}
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			request := Request{"filter": fmt.Sprint(i)}
			if i < len(once) {
				request = Request{once[i]: "set"}
			}
			if _, err := Set(dir, request, time.Now); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	values, err := settings.Read(dir)
	if err != nil || values["filter"] == "" {
		t.Fatal(values, err)
	}
	for _, name := range once {
		if values[name] != "set" {
			t.Errorf("%s is lost: %v", name, values)
		}
	}
	if versions, _ := filepath.Glob(filepath.Join(dir, "..2*")); len(versions) != 1 {
		t.Errorf("%q", versions)
	}
}
