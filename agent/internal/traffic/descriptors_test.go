package traffic

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// An agent that holds very many descriptors connects as one that holds few, and one that may have no more says so at
// once.
func TestManyDescriptors(t *testing.T) {
	needNamespace(t)
	if os.Getenv("MANY_DESCRIPTORS") == "" {
		command := exec.Command(os.Args[0], "-test.run", "^TestManyDescriptors$", "-test.v")
		command.Env = append(os.Environ(), "MANY_DESCRIPTORS=1")
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return
	}
	const most = 1500
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: most}); err != nil {
		t.Fatal(err)
	}
	server := echo(t, "127.0.0.1:0")
	h := &history{}
	d := NewDialer(NewRegistry(h.install))
	packets := sniff(t)
	var held []*os.File
	hold := func(count int) {
		for range count {
			file, err := os.Open("/dev/null")
			if err != nil {
				return
			}
			held = append(held, file)
		}
	}
	hold(1200)
	conn, err := d.DialContext(context.Background(), "tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	if last := held[len(held)-1].Fd(); last < 1024 {
		t.Errorf("only %d descriptors", last)
	}
	talk(t, conn)
	own := strconv.Itoa(conn.LocalAddr().(*net.TCPAddr).Port)
	for _, p := range packets() {
		if !h.leftOut(p) {
			t.Errorf("%v of port %s is captured", p, own)
		}
	}
	hold(most)
	_, err = d.DialContext(context.Background(), "tcp", server.String())
	if !errors.Is(err, syscall.EMFILE) || Reason(err) != "Too many open files" {
		t.Errorf("%v", err)
	}
}
