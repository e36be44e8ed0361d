package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// writeVersion writes the values as the kubelet does: a folder of its own, then ..data is pointed to it and the folder
// of before is removed.
func writeVersion(t *testing.T, dir string, number int, values Values) {
	t.Helper()
	name := fmt.Sprintf("..2026_11_28_%d", number)
	if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
	for setting, value := range values {
		if err := os.WriteFile(filepath.Join(dir, name, setting), []byte(value), 0o644); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(dir, setting)
		if _, err := os.Lstat(link); err != nil {
			if err := os.Symlink(filepath.Join("..data", setting), link); err != nil {
				t.Fatal(err)
			}
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	if err := os.Symlink(name, filepath.Join(dir, "..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadTakesOneVersion(t *testing.T) {
	dir := t.TempDir()
	writeVersion(t, dir, 0, Values{"filter": "0", "upload": "0"})
	var wait sync.WaitGroup
	stop := make(chan struct{})
	wait.Go(func() {
		for number := 1; ; number++ {
			select {
			case <-stop:
				return
			default:
				text := fmt.Sprint(number)
				writeVersion(t, dir, number, Values{"filter": text, "upload": text})
			}
		}
	})
	for range 2000 {
		values, err := Read(dir)
		if err != nil {
			// The kubelet writes once in a while, and not without a pause.
			if strings.Contains(err.Error(), "while they were read") {
				continue
			}
			t.Error(err)
		}
		if values["filter"] == "" || values["filter"] != values["upload"] {
			t.Errorf("a filter %q beside an upload %q", values["filter"], values["upload"])
		}
	}
	close(stop)
	wait.Wait()
}

func TestReadWithoutVersions(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "filter"), []byte(" udp \n"), 0o644); err != nil {
		t.Fatal(err)
	}
	values, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if values["filter"] != " udp \n" || values["upload"] != "" || len(values) != len(Table)+len(notes) {
		t.Errorf("read %v", values)
	}
	if values, err := Read(filepath.Join(dir, "missing")); err != nil || values["filter"] != "" {
		t.Errorf("without a folder: %v, %v", values, err)
	}
}

func TestAnEmptyValueIsTheDefault(t *testing.T) {
	environment := map[string]string{"PACKET_CAPTURE_FILTER": "tcp", "PACKET_CAPTURE_ROTATE": ""}
	platform := PlatformOf(func(name string) (string, bool) { value, ok := environment[name]; return value, ok })
	s, invalid := Parse(platform.Effective(Values{"snaplen": "96", "filter": ""}), platform)
	if len(invalid) > 0 {
		t.Fatal(invalid)
	}
	if s.Filter != "tcp" || s.Snaplen.Bytes != 96 || s.Rotate != time.Minute || s.FileCount != 8 || !s.Interfaces.All {
		t.Errorf("%+v", s)
	}
}

func TestTheRingMustFit(t *testing.T) {
	platform := Platform{SizeLimit: "160Mi"}
	for value, fits := range map[string]bool{"16Mi": true, "17Mi": true, "18Mi": false} {
		_, invalid := Parse(Values{"file-size": value}, platform)
		if fits != (len(invalid) == 0) {
			t.Errorf("%s: %v", value, invalid)
		}
		if !fits && (invalid[0].Reason != "8 files of it and one to spare do not fit into the volume of 160Mi" || !invalid[0].Stops()) {
			t.Errorf("%+v", invalid[0])
		}
	}
}

// No text costs more than linear time: the largest that an annotation can hold are read in a moment.
func TestNoTextIsDear(t *testing.T) {
	texts := []string{
		"udp" + strings.Repeat("\t", 16000) + "port 9",
		strings.Repeat("a,", 130_000) + "a",
		strings.Repeat("999999999h", 26_000),
		strings.Repeat("9", 262_144),
		strings.Repeat("host 10.0.0.1 or ", 15_000),
		"vxlan://" + strings.Repeat("[", 262_000),
		"s3:" + strings.Repeat("/a", 131_000),
		strings.Repeat(":", 262_144),
	}
	platform := Platform{AllowedDestinations: map[string][]string{
		"upload": {"s3:/*", "s3:a/*"}, "stream": {"*.a:*"}, "mirror": {"*:*"},
	}}
	for _, text := range texts {
		values := Values{}
		for _, setting := range Table {
			values[setting.Name] = text
		}
		// The least of three: other programs may have the processor meanwhile.
		took := time.Hour
		for range 3 {
			begin := time.Now()
			Parse(values, platform)
			took = min(took, time.Since(begin))
		}
		if took > 200*time.Millisecond {
			t.Errorf("%.20q... took %v", text, took)
		}
	}
}
