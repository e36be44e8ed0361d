//go:build !cgo

// As it is built: with cgo there are threads that Go does not know.

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestMain lets the test program be the process that is locked down: there is no way back.
func TestMain(m *testing.M) {
	if os.Getenv("LOCK_DOWN") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("OLD_KERNEL") != "" {
		forgetNewCalls()
	}
	for _, step := range []func() error{lockDown, func() error { return confine(1) }} {
		if err := step(); err != nil {
			panic(err)
		}
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(status)
	folder := os.Getenv("FOLDER")
	for _, attempt := range []struct {
		name string
		do   func() error
	}{
		{"run", func() error { _, err := syscall.ForkExec("/bin/true", []string{"true"}, nil); return err }},
		{"UDP", func() error { return dial("udp", "127.0.0.1:9") }},
		{"port 1", func() error { return dial("tcp", "127.0.0.1:1") }},
		{"server", func() error { return dial("tcp", os.Getenv("OTHER_SERVER")) }},
		{"read", func() error { _, err := os.ReadFile(folder + "/there"); return err }},
		{"list", func() error { _, err := os.ReadDir(folder); return err }},
		{"make", func() error { return os.WriteFile(folder+"/new", nil, 0o600) }},
		{"change", func() error { return os.WriteFile(folder+"/there", []byte("x"), 0o600) }},
		{"cut", func() error { return os.Truncate(folder+"/there", 0) }},
		{"remove", func() error { return os.Remove(folder + "/there") }},
		{"folder", func() error { return os.Mkdir(folder+"/folder", 0o700) }},
		{"link", func() error { return os.Symlink("/etc", folder+"/link") }},
		{"rename", func() error { return os.Rename(folder+"/there", folder+"/here") }},
	} {
		number := syscall.Errno(0)
		if err := attempt.do(); err != nil && !errors.As(err, &number) {
			panic(err)
		}
		fmt.Printf("%s: %s\n", attempt.name, unix.ErrnoName(number))
	}
}

func dial(network, address string) error {
	conn, err := net.Dial(network, address)
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// forgetNewCalls has this process be on a kernel of before Linux 5.1: whatever came later is not there (ENOSYS).
func forgetNewCalls() {
	const first = 424
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: first, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		panic(errno)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		panic(errno)
	}
}

func lockedDown(t *testing.T, environment ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/there", []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(environment, "LOCK_DOWN=1", "HOME=/", "OTHER_SERVER="+l.Addr().String(), "FOLDER="+folder)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return string(said)
}

func expectLines(t *testing.T, said string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(said, line+"\n") {
			t.Errorf("no %q in %s", line, said)
		}
	}
}

var alwaysSo = []string{
	"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
	"run: EPERM", "UDP: EPERM", "port 1: ECONNREFUSED", "read: ", "list: ",
}

func TestALockedDownProcessReadsFilesAndReachesOnePortAlone(t *testing.T) {
	said := lockedDown(t)
	expectLines(t, said, alwaysSo...)
	expectLines(t, said, "server: EACCES", "make: EACCES", "change: EACCES", "cut: EACCES", "remove: EACCES", "folder: EACCES", "link: EACCES", "rename: EACCES")
}

// On an older kernel it starts all the same, and what is the most dangerous is forbidden there too.
func TestALockedDownProcessOnAnOlderKernel(t *testing.T) {
	said := lockedDown(t, "OLD_KERNEL=1")
	expectLines(t, said, alwaysSo...)
	expectLines(t, said, "server: ", "make: ")
}
