//go:build !cgo

// As it is built: with cgo there are threads that Go does not know.

package main

import (
	"errors"
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
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(status)
	if err := exec.Command("/bin/true").Run(); !errors.Is(err, syscall.EPERM) {
		panic(err)
	}
}

func TestALockedDownProcessRunsNothingAndHasNoCapabilities(t *testing.T) {
	command := exec.Command(os.Args[0])
	command.Env = []string{"LOCK_DOWN=1", "HOME=/"}
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
