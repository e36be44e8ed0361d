package process

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWhenAlone(t *testing.T) {
	const patience = 100 * time.Millisecond
	t.Run("the input ends", func(t *testing.T) {
		alone := make(chan struct{})
		whenAlone(strings.NewReader("\n\n"), time.Minute, func() { close(alone) })
		<-alone
	})
	t.Run("nothing comes", func(t *testing.T) {
		in, out := io.Pipe()
		defer out.Close()
		begin := time.Now()
		alone := make(chan struct{})
		whenAlone(in, patience, func() { close(alone) })
		for range 5 {
			time.Sleep(patience / 2)
			_, _ = out.Write([]byte("\n"))
		}
		<-alone
		if took := time.Since(begin); took < 3*patience {
			t.Errorf("it took somebody for gone after %v", took)
		}
	})
}

// Run as a child: the parent tries to look into it.
func TestMain(m *testing.M) {
	if os.Getenv("PREPARED") != "" {
		if err := Prepare(); err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString("ready\n")
		_, _ = io.ReadAll(os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestPrepare(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to become somebody else")
	}
	// A copy that everyone may start.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := "/tmp/" + strings.ReplaceAll(t.Name(), "/", "-") + ".test"
	if out, err := exec.Command("install", "-m", "755", self, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer os.Remove(copied)
	child := exec.Command("setpriv", "--reuid", "60947", "--regid", "60947", "--clear-groups", copied)
	child.Env = append(os.Environ(), "PREPARED=1")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = child.Wait()
	}()
	if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	look := exec.Command("setpriv", "--reuid", "60947", "--regid", "60947", "--clear-groups", "--bounding-set", "-all", "cat", "/proc/"+strconv.Itoa(child.Process.Pid)+"/environ")
	if said, err := look.CombinedOutput(); err == nil {
		t.Errorf("somebody of the same uid reads its environment: %q", said)
	}
}
