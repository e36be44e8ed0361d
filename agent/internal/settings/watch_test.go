package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"packet-capture/agent/internal/loop"
)

// publish writes the settings as the kubelet does: a new folder, and one link that is replaced.
func publish(t *testing.T, dir string, version int, values map[string]string) {
	t.Helper()
	name := fmt.Sprintf("..version_%d", version)
	must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	for setting, value := range values {
		must(t, os.WriteFile(filepath.Join(dir, name, setting), []byte(value), 0o644))
	}
	must(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	if version > 1 {
		must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..version_%d", version-1))))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, 1, map[string]string{"filter": "udp"})
	l, err := loop.New()
	must(t, err)
	defer l.Close()
	told := make(chan Values, 10)
	must(t, Watch(l, dir, func(values Values) { told <- values }))
	if first := <-told; first["filter"] != "udp" || first["snaplen"] != "" {
		t.Errorf("at first %v", first)
	}
	ended := make(chan error)
	go func() { ended <- l.Run() }()
	defer func() {
		l.Stop()
		must(t, <-ended)
	}()

	publish(t, dir, 2, map[string]string{"filter": "tcp"})
	begin := time.Now()
	select {
	case next := <-told:
		if next["filter"] != "tcp" {
			t.Errorf("then %v", next)
		}
		t.Logf("told after %v", time.Since(begin))
	case <-time.After(time.Second):
		t.Fatal("a change is not told")
	}
	publish(t, dir, 3, map[string]string{"filter": "tcp"})
	select {
	case same := <-told:
		t.Errorf("the same is told again: %v", same)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestWatchWithoutAFolder(t *testing.T) {
	l, err := loop.New()
	must(t, err)
	defer l.Close()
	if err := Watch(l, t.TempDir()+"/none", nil); err == nil {
		t.Error("no error")
	}
}
