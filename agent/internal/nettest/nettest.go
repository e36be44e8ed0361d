// Package nettest gives tests network namespaces and volumes of their own: root is needed, and without it the test is skipped.
package nettest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Enter puts the test, for the rest of its time, into a new network namespace, in which lo is up and IPv6 says nothing by
// itself. The namespace ends with the test's thread. Other goroutines are not in it, but the programs that Run starts are.
func Enter(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	// Without an unlock: the thread ends with the goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("unshare: %v", err)
	}
	Run(t, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
	Run(t, "ip", "link", "set", "lo", "up")
}

// Run runs a program in the test's namespace and gives what it says.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Pair makes two interfaces, what leaves by one comes in by the other: name has 10.0.0.1/24, name with "peer" before it has no
// address. What is sent to 10.0.0.9 is answered by nobody.
func Pair(t testing.TB, name string, subnet int) {
	t.Helper()
	peer := "peer" + name
	Run(t, "ip", "link", "add", name, "type", "veth", "peer", "name", peer)
	Run(t, "ip", "link", "set", name, "up")
	Run(t, "ip", "link", "set", peer, "up")
	Run(t, "ip", "address", "add", fmt.Sprintf("10.0.%d.1/24", subnet), "dev", name)
	Run(t, "ip", "neighbour", "add", fmt.Sprintf("10.0.%d.9", subnet), "lladdr", "02:00:00:00:00:09", "dev", name, "nud", "permanent")
}

// Volume mounts a file system in memory of that size, which the test's thread alone sees, and gives where.
func Volume(t testing.TB, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatalf("unshare: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatalf("mount: %v", err)
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	return folder
}
