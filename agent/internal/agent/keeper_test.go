package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/keep"
	"packet-capture/agent/internal/pcapng"
	"packet-capture/agent/internal/settings"
)

// noteOf reads keep.json.
func (f *fixture) noteOf(id string) keep.Note {
	f.t.Helper()
	var note keep.Note
	text, err := os.ReadFile(filepath.Join(f.folder, "kept", id, "keep.json"))
	if err == nil {
		err = json.Unmarshal(text, &note)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return note
}

// keptTexts are the texts of the packets in the kept files of a keep, in order, of those that are asked for.
func (f *fixture) keptHas(id string, texts ...string) []string {
	f.t.Helper()
	note := f.noteOf(id)
	var all []byte
	for _, file := range note.Files {
		text, err := os.ReadFile(filepath.Join(f.folder, "kept", id, file.Name))
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, text...)
	}
	var found []string
	for _, text := range texts {
		if strings.Contains(string(all), text) {
			found = append(found, text)
		}
	}
	return found
}

func TestAKeepHasThePacketsUntilNow(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	f.sendText("before-the-keep")
	f.runFor(50 * time.Millisecond)
	f.set("keep", "10m payment failed")
	kept := f.until("kept", 1)
	f.sendText("after-the-keep")
	f.runFor(200 * time.Millisecond)
	id := kept["id"].(string)
	note := f.noteOf(id)
	if got := f.keptHas(id, "before-the-keep", "after-the-keep"); !slices.Equal(got, []string{"before-the-keep"}) {
		t.Errorf("kept %q", got)
	}
	if !note.Complete || note.Truncated != nil || note.Trigger != keep.Annotation || note.Reason != "payment failed" || note.Ended == nil ||
		note.Packets != 1 || len(note.Files) != 1 || note.Pod != "web-1" || note.To.Sub(note.From) != 10*time.Minute {
		t.Errorf("%+v", note)
	}
	if names := f.names(); slices.Contains(names, "settings changed") {
		t.Errorf("a keep changes no setting: %v", names)
	}
	// The capture goes on.
	if f.state != "capturing" {
		t.Error(f.state)
	}
}

func TestAValueIsDoneOnce(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "keep": "10m a"})
	f.until("kept", 1)
	f.set("keep", "")
	f.set("keep", "10m a")
	f.set("keep", "10m b")
	f.until("kept", 2)
	f.runFor(100 * time.Millisecond)
	// Another container.
	again := f.restart(t)
	again.runFor(300 * time.Millisecond)
	if keeps := again.keeper.store.All(); len(keeps) != 2 {
		t.Errorf("%d keeps", len(keeps))
	}
}

// restart is another container on the same volume.
func (f *fixture) restart(t *testing.T) *fixture {
	t.Helper()
	f.session.abort()
	f.endKeepSocket()
	// Both share the loop: the first one does nothing any more.
	f.keeper.windows = nil
	options := f.options
	again := &fixture{t: t, said: f.said, values: f.values, folder: f.folder}
	again.Agent = New(options)
	again.Start()
	again.Take(again.values)
	return again
}

func TestAnInvalidValueStopsNothing(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	f.set("keep", "the last ten minutes")
	if e := f.until("invalid setting", 1); e["setting"] != "keep" {
		t.Error(e)
	}
	f.runFor(50 * time.Millisecond)
	if f.state != "capturing" || len(f.invalid) != 1 {
		t.Error(f.state, f.invalid)
	}
	f.set("keep", "10m")
	f.until("kept", 1)
	if len(f.invalid) != 0 {
		t.Error(f.invalid)
	}
}

// The ring has room for two files, and wraps many times while the window lasts. On a machine on which the packets take
// longer than the window, it is tried again with a longer one.
func TestAWindowThatLastsTakesEachFileBeforeTheRingRemovesIt(t *testing.T) {
	for window := 4 * time.Second; ; window *= 2 {
		if sendsInTime(t, window) {
			return
		}
		if window > time.Minute {
			t.Fatal("6000 packets take longer than a minute")
		}
	}
}

// sendsInTime is false if the window was over before all packets were sent.
func sendsInTime(t *testing.T, window time.Duration) bool {
	f := newFixture(t, settings.Values{"filter": "udp", "file-size": "1Mi", "file-count": "2"})
	f.until("started", 1)
	now := time.Now().UTC()
	end := now.Add(window)
	f.set("keep", now.Add(-time.Minute).Format(time.RFC3339Nano)+"/"+end.Format(time.RFC3339Nano)+" x")
	id := f.until("keeping", 1)["id"].(string)
	if note := f.noteOf(id); note.Ended != nil || note.Complete {
		t.Errorf("%+v", note)
	}
	payload := strings.Repeat("x", 1000)
	for i := range 6000 {
		f.sendText(fmt.Sprintf("number-%05d-%s", i, payload))
		if i%100 == 0 {
			f.runFor(2 * time.Millisecond)
		}
	}
	if time.Now().After(end) {
		return false
	}
	f.until("kept", 1)
	note := f.noteOf(id)
	if !note.Complete || len(note.Files) < 6 || note.Packets != 6000-note.Dropped {
		t.Errorf("complete %v, %d files, %d packets, %d dropped", note.Complete, len(note.Files), note.Packets, note.Dropped)
	}
	if files := f.files(); len(files) > 4 {
		t.Errorf("the ring has %d files", len(files))
	}
	return true
}

func TestKeptFilesStayWithinTheBudgetNewestFirst(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "file-size": "1Mi", "file-count": "8", "keep-size": "3Mi"})
	f.until("started", 1)
	payload := strings.Repeat("x", 1000)
	for i := range 6000 {
		f.sendText(fmt.Sprintf("number-%05d-%s", i, payload))
		if i%100 == 0 {
			f.runFor(2 * time.Millisecond)
		}
	}
	f.runFor(100 * time.Millisecond)
	f.set("keep", "10m")
	e := f.until("kept", 1)
	note := f.noteOf(e["id"].(string))
	if note.Complete || note.Truncated == nil || note.Truncated.Files < 2 || note.Bytes > 3<<20 || f.keeper.store.Bytes() > 3<<20 {
		t.Errorf("%+v", note)
	}
	if got := f.keptHas(note.ID, "number-05999-", "number-00000-"); !slices.Equal(got, []string{"number-05999-"}) {
		t.Errorf("kept %q", got)
	}
	if s := f.status(); s.Kept.LeftOut != int64(note.Truncated.Files) || s.Kept.Limit != 3<<20 || s.Kept.Bytes > 3<<20 {
		t.Errorf("%+v", s.Kept)
	}
}

// A hundred requests rotate the ring twice at most, and keep what is in it.
func TestManyRequestsDoNotEmptyTheRing(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "file-count": "2"})
	f.until("started", 1)
	f.sendText("the-first-packet")
	f.runFor(50 * time.Millisecond)
	for i := range 1000 {
		f.set("keep", fmt.Sprintf("10m request %d", i))
		if i%10 == 0 {
			f.sendText("and-another")
			f.runFor(time.Millisecond)
		}
	}
	f.until("kept", 1)
	for end := time.Now().Add(15 * time.Second); len(f.keeper.windows) > 0 && time.Now().Before(end); f.runFor(20 * time.Millisecond) {
	}
	first := false
	for _, path := range f.files() {
		text, _ := os.ReadFile(path)
		first = first || strings.Contains(string(text), "the-first-packet")
	}
	if !first || len(f.keeper.windows) > 0 {
		t.Errorf("the ring has lost it; %d windows last", len(f.keeper.windows))
	}
	notes := f.keeper.store.All()
	if len(notes) == 0 || len(notes) > 64 || int(f.keeper.counts.removed+f.keeper.counts.failed)+len(notes) != 1000 {
		t.Errorf("%d keeps, %+v", len(notes), f.keeper.counts)
	}
	for _, note := range notes {
		if got := f.keptHas(note.ID, "the-first-packet"); len(got) != 1 {
			t.Errorf("%s has %d files without it", note.ID, len(note.Files))
		}
	}
	if closed := slices.DeleteFunc(f.names(), func(name string) bool { return name != "file closed" }); len(closed) > 4 {
		t.Errorf("%d files were closed", len(closed))
	}
}

func TestTheEndKeepsTheLastMinutesAndEndsWindows(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "keep-on-exit": "5m"})
	f.until("started", 1)
	now := time.Now().UTC()
	f.set("keep", now.Format(time.RFC3339)+"/"+now.Add(time.Hour).Format(time.RFC3339))
	lasting := f.until("keeping", 1)["id"].(string)
	f.sendText("before-the-end")
	f.Terminate()
	f.sendText("in-the-last-second")
	f.until("stopped", 1)
	note := f.noteOf(lasting)
	if note.Complete || note.Ended == nil || !note.Interrupted || len(note.Files) != 1 {
		t.Errorf("%+v", note)
	}
	for _, other := range f.keeper.store.All() {
		if got := f.keptHas(other.ID, "before-the-end", "in-the-last-second"); len(got) != 2 {
			t.Errorf("%s by %s has %q", other.ID, other.Trigger, got)
		}
	}
	if all := f.keeper.store.All(); len(all) != 2 || all[1].Trigger != keep.Exit || !all[1].Complete {
		t.Errorf("%+v", all)
	}
}

func TestAWindowGoesOnInTheNextContainer(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp"})
	f.until("started", 1)
	now := time.Now().UTC()
	f.set("keep", now.Add(-time.Minute).Format(time.RFC3339Nano)+"/"+now.Add(3*time.Second).Format(time.RFC3339Nano))
	id := f.until("keeping", 1)["id"].(string)
	f.sendText("by-the-first-container")
	f.runFor(200 * time.Millisecond)
	again := f.restart(t)
	again.until("started", 2)
	again.sendText("by-the-second-container")
	again.until("kept", 1)
	note := again.noteOf(id)
	if got := again.keptHas(id, "by-the-first-container", "by-the-second-container"); len(got) != 2 || note.Complete || !note.Interrupted || len(note.Files) != 2 {
		t.Errorf("%q, %+v", got, note)
	}
}

// The ring was made larger after files were kept: the volume's bound holds.
func TestTheRingLeavesRoomForKeptFiles(t *testing.T) {
	f := newFixture(t, settings.Values{"filter": "udp", "file-size": "1Mi", "file-count": "2", "keep-size": "2Mi"})
	f.options.Platform.SizeLimit = "22Mi"
	f.until("started", 1)
	payload := strings.Repeat("x", 1000)
	send := func(count int) {
		for i := range count {
			f.sendText(payload)
			if i%100 == 0 {
				f.runFor(2 * time.Millisecond)
			}
		}
		f.runFor(100 * time.Millisecond)
	}
	send(1500)
	f.set("keep", "10m")
	f.until("kept", 1)
	kept := f.keeper.store.Bytes()
	f.set("file-count", "20")
	f.until("started", 2)
	send(10_000)
	_, ring, err := f.ring.Measure()
	if err != nil || kept < 1<<20 || ring+kept > 22<<20-spareBytes+1<<20 {
		t.Errorf("the ring has %d bytes, kept are %d, %v", ring, kept, err)
	}
}

func TestCountOfAFile(t *testing.T) {
	text := pcapng.AppendSection(nil, pcapng.Section{})
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	file := keep.File{}
	count(&file, path)
	count(&file, path+".missing")
	if file.Packets != 0 {
		t.Error(file)
	}
}
