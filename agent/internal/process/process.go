// Package process handles the program's own process: its capabilities, its protection from other processes, its
// signals, and its children.
package process

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Prepare is for each command that runs for long: it hides it (Hide), and the command does not end when its output is
// closed.
func Prepare() error {
	if err := Hide(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	return nil
}

// Hide is for each command: other processes cannot read its memory or reach its files through /proc, even with the same
// uid, and it leaves no core file. A program that replaces it (exec) is not hidden.
func Hide() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	return nil
}

// OnTerminate has fn called at the first SIGTERM or SIGINT, in a goroutine of its own.
func OnTerminate(fn func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		fn()
	}()
}

// Raise makes capabilities effective in all threads, if the container has them. The program's file has them permitted
// and not effective, because a container without them could not start the program otherwise.
func Raise(capabilities ...int) error {
	header, data, err := get()
	if err != nil {
		return err
	}
	before := data
	for _, capability := range capabilities {
		data[capability/32].Effective |= data[capability/32].Permitted & (1 << (capability % 32))
	}
	if data == before {
		return nil
	}
	_, _, number := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if number != 0 {
		return fmt.Errorf("capset: %w", number)
	}
	return nil
}

func get() (unix.CapUserHeader, [2]unix.CapUserData, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return header, data, fmt.Errorf("capget: %w", err)
	}
	return header, data, nil
}

// MakeAmbient passes the container's capabilities on to the program that replaces this one, or to its children, which
// would not get them otherwise.
func MakeAmbient() error {
	header, data, err := get()
	if err != nil {
		return err
	}
	for i := range data {
		data[i].Inheritable |= data[i].Permitted
	}
	_, _, number := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if number != 0 {
		return fmt.Errorf("capset: %w", number)
	}
	for capability := range uintptr(unix.CAP_LAST_CAP + 1) {
		if data[capability/32].Permitted&(1<<(capability%32)) == 0 {
			continue
		}
		if _, _, number := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, capability, 0, 0, 0); number != 0 {
			return fmt.Errorf("prctl: %w", number)
		}
	}
	return nil
}
