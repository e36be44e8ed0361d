package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestPatientKeepsOrder(t *testing.T) {
	var out bytes.Buffer
	p := NewPatient(&out)
	want := ""
	for i := range 1000 {
		line := fmt.Sprintf("%d\n", i)
		want += line
		if n, err := p.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	p.Close(5 * time.Second)
	if out.String() != want {
		t.Errorf("%d bytes of %d", out.Len(), len(want))
	}
}

// Nobody reads for a while: nobody waits, and what is missing is said.
func TestPatientWaitsForNobody(t *testing.T) {
	read, written := io.Pipe()
	p := NewPatient(written)
	line := []byte(`{"event":"` + strings.Repeat("x", 1000) + "\"}\n")
	begin := time.Now()
	const count = 1000
	for range count {
		_, _ = p.Write(line)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
	p.Close(10 * time.Millisecond)
	var text bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(&text, read)
	}()
	p.Close(5 * time.Second)
	_ = written.Close()
	<-done
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	lost := 0
	for _, line := range lines {
		var e struct{ Event, Reason string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "error" {
			var n int
			if _, err := fmt.Sscanf(e.Reason, "%d events are missing here", &n); err != nil {
				t.Error(err)
			}
			lost += n
		}
	}
	if kept := len(lines) - 1; kept+lost != count || lost == 0 || kept < 200 {
		t.Errorf("%d lines, and %d are said to be missing", kept, lost)
	}
}
