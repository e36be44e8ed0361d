package clients

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestMain is a client of the folder in CLIENT_OF, if it is set: it says so, and lives until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLIENT_OF"); dir != "" {
		if err := Register(dir); err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString("registered\n")
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

// startClient starts a process that is a client, and returns the function that kills it.
func startClient(t *testing.T, dir string) (kill func()) {
	t.Helper()
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), "CLIENT_OF="+dir)
	out, err := client.StdoutPipe()
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = client.Process.Kill()
		_ = client.Wait()
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "registered\n" {
		t.Fatal(line, err)
	}
	return kill
}

func TestAClientIsWaitedForUntilItIsKilled(t *testing.T) {
	dir := t.TempDir()
	kills := []func(){startClient(t, dir), startClient(t, dir)}
	allow, err := Refuse(dir)
	if err != nil || allow != nil {
		t.Fatal("it ends while a client is there", err)
	}
	gone := make(chan error)
	go func() { gone <- Wait(dir) }()
	for _, kill := range kills {
		select {
		case <-gone:
			t.Fatal("it did not wait for all")
		case <-time.After(50 * time.Millisecond):
		}
		kill()
	}
	select {
	case err := <-gone:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a client that was killed is still waited for")
	}
	// The lock of Wait is gone with it.
	allow, err = Refuse(dir)
	if err != nil || allow == nil {
		t.Fatal(err)
	}
	if err := Register(dir); !errors.Is(err, ErrEnding) {
		t.Errorf("%v", err)
	}
	allow()
	if err := Register(dir); err != nil {
		t.Error(err)
	}
}

func TestWithoutAFolderNobodyIsWaitedFor(t *testing.T) {
	dir := t.TempDir() + "/none"
	if err := Register(dir); err != nil {
		t.Error(err)
	}
	if _, err := Refuse(dir); err == nil {
		t.Error("no folder could be locked")
	}
}
