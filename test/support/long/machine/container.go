package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// What runc does for a container with `drop: [ALL]`, `add: [NET_RAW]` and `allowPrivilegeEscalation: false`.
const (
	netRaw            = 13
	capabilityVersion = 0x20080522
	prCapBSetDrop     = 24
	prSetKeepCaps     = 8
	prSetNoNewPrivs   = 38
	// agentUser is the image's.
	agentUser = 60947
)

// enterContainer becomes a program of the image as a runtime starts it: the image's uid, NET_RAW permitted, no privilege
// escalation. It returns if that fails.
func enterContainer(argv []string) error {
	runtime.LockOSThread()
	if err := mount("proc", image+"/proc", 0, ""); err != nil {
		return err
	}
	if err := syscall.Chroot(image); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for capability := uintptr(0); capability < 64; capability++ {
		if capability == netRaw {
			continue
		}
		// EINVAL: the kernel has no more of them.
		if err := prctl(prCapBSetDrop, capability); err == syscall.EINVAL {
			break
		} else if err != nil {
			return err
		}
	}
	if err := prctl(prSetKeepCaps, 1); err != nil {
		return err
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(agentUser); err != nil {
		return err
	}
	if err := syscall.Setuid(agentUser); err != nil {
		return err
	}
	if err := setCapabilities(1 << netRaw); err != nil {
		return err
	}
	if err := prctl(prSetNoNewPrivs, 1); err != nil {
		return err
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}

func prctl(option, value uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// setCapabilities makes these permitted and effective, and none inheritable.
func setCapabilities(set uint32) error {
	header := struct {
		version uint32
		pid     int32
	}{capabilityVersion, 0}
	data := [2]struct{ effective, permitted, inheritable uint32 }{{set, set, 0}}
	if _, _, errno := syscall.Syscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0); errno != 0 {
		return fmt.Errorf("capset: %w", errno)
	}
	return nil
}

// program is one that runs in the container.
type program struct {
	command *exec.Cmd
	input   io.WriteCloser
	out     *output
	said    *output
	ended   chan int
}

// start runs a program in the container, in process and mount namespaces of its own.
func start(environment []string, argv ...string) (*program, error) {
	command := exec.Command("/proc/self/exe", append([]string{"container"}, argv...)...)
	command.Env = append([]string{"PATH=/usr/bin"}, environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	p := &program{command: command, out: &output{}, said: &output{}, ended: make(chan int, 1)}
	command.Stdout, command.Stderr = p.out, p.said
	var err error
	if p.input, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = command.Wait()
		p.ended <- command.ProcessState.ExitCode()
	}()
	return p, nil
}

// end waits for a program's exit code.
func (p *program) end() (int, error) {
	select {
	case code := <-p.ended:
		return code, nil
	case <-time.After(patience):
		return -1, fmt.Errorf("%v has not ended: %s", p.command.Args, p.said.text())
	}
}

// run runs a program in the container to its end.
func run(environment []string, argv ...string) (string, error) {
	p, err := start(environment, argv...)
	if err != nil {
		return "", err
	}
	_ = p.input.Close()
	code, err := p.end()
	if err == nil && code != 0 {
		err = fmt.Errorf("%v: exit code %d: %s", argv, code, p.said.text())
	}
	return p.out.text(), err
}

// output keeps what a program writes.
type output struct {
	lock  sync.Mutex
	bytes []byte
}

func (o *output) Write(bytes []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.bytes = append(o.bytes, bytes...)
	return len(bytes), nil
}

func (o *output) text() string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return string(o.bytes)
}

// lines are those that are complete.
func (o *output) lines() []string {
	lines := []string{}
	for scanner := bufio.NewReader(strings.NewReader(o.text())); ; {
		line, err := scanner.ReadString('\n')
		if err != nil {
			return lines
		}
		lines = append(lines, line[:len(line)-1])
	}
}
