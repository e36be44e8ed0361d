package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/nettest"
)

// TestMain lets the test program be the agent on an old kernel.
func TestMain(m *testing.M) {
	if os.Getenv("OLD_KERNEL") == "" {
		os.Exit(m.Run())
	}
	forgetNewCalls()
	os.Exit(dispatch([]string{"run"}, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// forgetNewCalls has this process, and what it starts, be on a kernel of before Linux 5.1: whatever came later is not
// there (ENOSYS).
func forgetNewCalls() {
	const first = 424
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: first, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// As root it needs no PR_SET_NO_NEW_PRIVS.
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		panic(errno)
	}
}

// The agent needs nothing of the kernel that came after Linux 5.0; the one before it took ports by a way of 5.14.
func TestAnOldKernel(t *testing.T) {
	nettest.Enter(t)
	nettest.Pair(t, "eth0", 0)
	if _, err := os.Stat("/usr/bin/tcpdump"); err != nil {
		t.Skip(err)
	}
	collector, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer collector.Close()
	captures, set := t.TempDir(), t.TempDir()
	for name, value := range map[string]string{"filter": "udp port 9", "interfaces": "eth0", "snaplen": "headers", "stream": collector.Addr().String()} {
		if err := os.WriteFile(filepath.Join(set, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(os.Args[0])
	command.Env = []string{"OLD_KERNEL=1", "PACKET_CAPTURE_DIR=" + captures, "PACKET_CAPTURE_SETTINGS_DIR=" + set}
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Second, func() { _ = command.Process.Kill() })
	sender, err := net.Dial("udp", "10.0.0.9:9")
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), `"event":"stream connected"`) {
			for range 5 {
				_, _ = sender.Write([]byte("hello"))
			}
			_ = command.Process.Signal(unix.SIGTERM)
		}
	}
	if err := command.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if last := said[len(said)-1]; !strings.Contains(last, `"packets":5,`) || strings.Contains(strings.Join(said, ""), `"event":"error"`) {
		t.Errorf("it says %s", strings.Join(said, "\n"))
	}
}
