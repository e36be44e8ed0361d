// The first program of an emulated machine (test/support/long/emulatedMachine.ts): it lays out the agent's image, runs the
// agent in it as a node runs a container, sends traffic over loopback, and prints what came of it on the console.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"
)

// image is where the agent's image is laid out.
const image = "/image"

// longest is how long everything may take: then the machine says what it has, and ends.
const longest = 20 * time.Minute

func main() {
	if len(os.Args) > 1 && os.Args[1] == "container" {
		fmt.Fprintln(os.Stderr, "container:", enterContainer(os.Args[2:]))
		os.Exit(1)
	}
	// Nothing may end the first program: then the kernel would stop at once.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	r := &report{started: time.Now()}
	go func() {
		time.Sleep(longest)
		r.fail(fmt.Errorf("not done after %s", longest))
		r.end()
	}()
	r.fail(work(r))
	r.end()
}

func work(r *report) error {
	for _, m := range []struct{ source, target, flags string }{
		{"proc", "/proc", ""}, {"sysfs", "/sys", ""}, {"devtmpfs", "/dev", ""}, {"tmpfs", "/tmp", "mode=1777"},
	} {
		if err := mount(m.source, m.target, 0, m.flags); err != nil {
			return err
		}
	}
	text, err := os.ReadFile("/plan.json")
	if err != nil {
		return err
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	if err := bringUp("lo"); err != nil {
		return err
	}
	if len(p.Tests) > 0 {
		return runTests(p.Tests, r)
	}
	if err := layOut("/layer.tar.gz", p.Settings); err != nil {
		return err
	}
	r.took("layout")
	return scenario(p, r)
}

func mount(source, target string, flags uintptr, data string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(source, target, source, flags, data); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// bringUp is `ip link set NAME up`.
func bringUp(name string) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	// struct ifreq of netdevice(7).
	var request struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], name)
	request.flags = syscall.IFF_UP
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("%s up: %w", name, errno)
	}
	_, err = net.InterfaceByName(name)
	return err
}
