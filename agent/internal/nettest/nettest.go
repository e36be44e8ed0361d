// Package nettest gives tests network namespaces and volumes of their own. Without root the test is skipped.
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

// Enter puts the test into a new network namespace until it ends. lo is up there, and IPv6 is disabled on other
// interfaces. Programs that Run starts are in the namespace; other goroutines are not.
func Enter(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	// There is no unlock, so the thread, and the namespace, end with the goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("unshare: %v", err)
	}
	Run(t, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
	Run(t, "ip", "link", "set", "lo", "up")
}

// Run runs a program in the test's namespace and returns its output.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Pair makes a veth pair: name has the address 10.0.SUBNET.1/24, its peer, "peer" and name, has none. Nothing answers
// at
// 10.0.SUBNET.9.
func Pair(t testing.TB, name string, subnet int) {
	t.Helper()
	peer := "peer" + name
	Run(t, "ip", "link", "add", name, "type", "veth", "peer", "name", peer)
	Run(t, "ip", "link", "set", name, "up")
	Run(t, "ip", "link", "set", peer, "up")
	Run(t, "ip", "address", "add", fmt.Sprintf("10.0.%d.1/24", subnet), "dev", name)
	Run(t, "ip", "neighbour", "add", fmt.Sprintf("10.0.%d.9", subnet), "lladdr", "02:00:00:00:00:09", "dev", name, "nud", "permanent")
}

// Volume mounts a tmpfs of that size, which only the test's thread sees, and returns its path.
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
