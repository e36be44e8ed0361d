//go:build !cgo

// As it is built: with cgo there are threads that Go does not know.

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test program be the process that is locked down: there is no way back.
func TestMain(m *testing.M) {
	if os.Getenv("LOCK_DOWN") == "" {
		os.Exit(m.Run())
	}
	if err := lockDown(); err != nil {
		panic(err)
	}
	if err := forbidConnections(1); err != nil {
		panic(err)
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(status)
	if err := exec.Command("/bin/true").Run(); !errors.Is(err, syscall.EPERM) {
		panic(err)
	}
	if _, err := net.Dial("udp", "127.0.0.1:9"); !errors.Is(err, syscall.EPERM) {
		panic(err)
	}
	if _, err := net.Dial("tcp", "127.0.0.1:1"); !errors.Is(err, syscall.ECONNREFUSED) {
		panic(err)
	}
	if _, err := net.Dial("tcp", os.Getenv("OTHER_SERVER")); !errors.Is(err, syscall.EACCES) {
		panic(err)
	}
}

func TestALockedDownProcessRunsNothingAndHasNoCapabilities(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	command := exec.Command(os.Args[0])
	command.Env = []string{"LOCK_DOWN=1", "HOME=/", "OTHER_SERVER=" + l.Addr().String()}
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, line := range []string{"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(said), line) {
			t.Errorf("no %q in %s", line, said)
		}
	}
}
