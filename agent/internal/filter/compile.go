package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of a compilation. libpcap's optimizer takes cubic time: 100 hosts 0.04 s, 200 0.3 s, 300 1.1 s, 780 more than
// a minute; without it 780 hosts take 1.1 s and make programs six times as long.
const (
	// mostProcessor is what the compiler may take of a processor, in seconds.
	mostProcessor = 2
	// mostMemory is the compiler's address space; it needs 24 MiB for an ordinary expression.
	mostMemory = 64 << 20
	// mostTime is for a compiler that gets only a part of a processor, or waits for name servers.
	mostTime = 30 * time.Second
	// longestOptimized is the length of an expression, in bytes, beyond which the optimizer is not tried.
	longestOptimized = 8000
)

// Compiler compiles expressions with tcpdump, in a process with limits of its own. Several goroutines may use it at
// once.
type Compiler struct {
	// Path is the path of tcpdump; empty stands for the image's.
	Path string
	// processor replaces mostProcessor unless it is 0.
	processor uint64

	mutex    sync.Mutex
	compiled map[compilation]result
}

type compilation struct {
	expression string
	link       LinkType
	// iface is the interface; empty if the program does not depend on it.
	iface string
}

// needsInterface reports whether an expression must be compiled on an interface: only for a live capture does libpcap
// ask for tags that the kernel has removed (gen_vlan in gencode.c). A name that contains the word only costs time: to
// open an interface takes some tens of milliseconds.
func needsInterface(expression string) bool { return strings.Contains(expression, "vlan") }

type result struct {
	program Program
	err     error
}

// mostCompiled is how many results are remembered.
const mostCompiled = 32

// Compile compiles an expression for the link type of an interface, as for a live capture there. Without an interface,
// VLAN tags are expected inside the packets.
//
// The error is about the expression (see IsAboutExpression), or another one: the interface is gone, the context is
// done.
func (c *Compiler) Compile(ctx context.Context, expression, iface string, link LinkType) (Program, error) {
	if strings.TrimSpace(expression) == "" {
		return Program{{Op: returnK, K: wholePacket}}, nil
	}
	switch {
	case link.isKnown() && !needsInterface(expression):
		iface = ""
	case !link.isKnown() && iface == "":
		return nil, fmt.Errorf("there is no filter for link type %d", link)
	}
	key := compilation{expression, link, iface}
	if known, ok := c.lookUp(key); ok {
		return known.program, known.err
	}
	program, err := c.compile(ctx, expression, iface, link)
	if err == nil || isLasting(err) {
		c.remember(key, result{program, err})
	}
	return program, err
}

// isLasting reports whether the same expression would fail again.
func isLasting(err error) bool {
	var syntax *SyntaxError
	var long *TooLongError
	return errors.As(err, &syntax) || errors.As(err, &long)
}

func (c *Compiler) lookUp(key compilation) (result, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known, ok := c.compiled[key]
	return known, ok
}

func (c *Compiler) remember(key compilation, r result) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.compiled == nil || len(c.compiled) >= mostCompiled {
		c.compiled = make(map[compilation]result)
	}
	c.compiled[key] = r
}

// compile tries with libpcap's optimizer, and without it if that takes too long.
func (c *Compiler) compile(ctx context.Context, expression, iface string, link LinkType) (Program, error) {
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	source := liveSource(iface)
	if iface == "" {
		source = []string{"-y", link.name()}
	}
	var costly *TooCostlyError
	var program Program
	var err error = &TooCostlyError{}
	if len(expression) <= longestOptimized {
		program, err = c.run(ctx, expression, source)
	}
	if errors.As(err, &costly) && ctx.Err() == nil {
		program, err = c.run(ctx, expression, source, "-O")
	}
	if err != nil {
		return nil, err
	}
	if link == Cooked {
		return adaptCooked(program)
	}
	return program, nil
}

// liveSource has tcpdump open a live capture, only to compile. With a snaplen of 1 and the older ring (TPACKET_V2, by
// --immediate-mode) the kernel copies at most 16 bytes of each packet there. In the newer ring packets would be whole.
func liveSource(iface string) []string { return []string{"-i", iface, "-s", "1", "--immediate-mode"} }

// run starts tcpdump and reads the program that it prints.
func (c *Compiler) run(ctx context.Context, expression string, source []string, flags ...string) (Program, error) {
	path := c.Path
	if path == "" {
		path = "/usr/bin/tcpdump"
	}
	arguments := slices.Concat(flags, []string{"-ddd", "-p"}, source, []string{"--", expression})
	command := exec.CommandContext(ctx, path, arguments...)
	command.Args[0] = "tcpdump"
	// Messages in English, and one question only to a name server that does not answer.
	command.Env = []string{"LC_ALL=C", "RES_OPTIONS=attempts:1 timeout:3"}
	command.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: ambient()}
	output, said := limitedBuffer{most: 1 << 17}, limitedBuffer{most: 1 << 12}
	command.Stdout, command.Stderr = &output, &said
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the filter's compiler: %w", err)
	}
	limitErr := limit(command.Process.Pid, cmp.Or(c.processor, mostProcessor))
	if limitErr != nil {
		_ = command.Process.Kill()
	}
	err := command.Wait()
	switch {
	case limitErr != nil:
		return nil, fmt.Errorf("cannot limit the filter's compiler: %w", limitErr)
	case err != nil:
		return nil, c.failure(ctx, command.ProcessState, string(said.kept), source[1], err)
	}
	return parseProgram(output.kept)
}

// limit limits the processor time and the memory of the process, and lowers its priority below that of a capture.
func limit(pid int, seconds uint64) error {
	limits := map[int]uint64{unix.RLIMIT_CPU: seconds, unix.RLIMIT_AS: mostMemory, unix.RLIMIT_CORE: 0}
	for resource, most := range limits {
		err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	// Without the lower priority a capture is only slower.
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, 10)
	return nil
}

// ambient returns the capability that the compiler needs to open an interface, if this process has it.
func ambient() []uintptr {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil || data[0].Permitted&(1<<unix.CAP_NET_RAW) == 0 {
		return nil
	}
	return []uintptr{unix.CAP_NET_RAW}
}

// failure returns why the compiler failed.
func (c *Compiler) failure(ctx context.Context, state *os.ProcessState, said, source string, err error) error {
	used := state.UserTime() + state.SystemTime()
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && used < time.Second:
		return &UnknownHostError{Reason: noAnswer}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &TooCostlyError{Reason: tooSlow}
	case ctx.Err() != nil:
		return ctx.Err()
	case status.Signaled() && (status.Signal() == unix.SIGXCPU || status.Signal() == unix.SIGKILL):
		return &TooCostlyError{Reason: tooSlow}
	}
	if state.ExitCode() != 1 || said == "" {
		return fmt.Errorf("the filter's compiler failed: %w", err)
	}
	return errorOf(said, source)
}

const (
	noAnswer = "is not compiled in time: a name server does not answer, or the container gets too little CPU"
	tooSlow  = "takes too long to compile: make it shorter, for example by networks instead of hosts"
	tooLarge = "takes too much memory to compile: make it shorter, for example by networks instead of hosts"
)

// errorOf classifies an error by tcpdump's message.
func errorOf(said, source string) error {
	reason := ""
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\n")
		if own, ok := strings.CutPrefix(line, "tcpdump: "); ok && !strings.HasPrefix(own, "WARNING: ") || reason == "" {
			reason = own
		}
	}
	switch {
	case strings.HasPrefix(reason, source+": ") || strings.HasPrefix(reason, "can't mmap") || strings.HasPrefix(reason, "can't create"):
		return fmt.Errorf("the filter cannot be compiled for this interface: %s", reason)
	case strings.HasPrefix(reason, "unknown host "):
		return &UnknownHostError{Reason: reason}
	case reason == "malloc" || strings.Contains(reason, "out of memory") || strings.Contains(reason, "annot allocate memory"):
		return &TooCostlyError{Reason: tooLarge}
	}
	return &SyntaxError{Reason: reason}
}

// limitedBuffer keeps the first bytes that are written to it, and drops the rest. It does not embed a bytes.Buffer,
// whose ReadFrom io.Copy would call instead of Write.
type limitedBuffer struct {
	kept []byte
	most int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	room := max(b.most-len(b.kept), 0)
	b.kept = append(b.kept, p[:min(room, len(p))]...)
	return len(p), nil
}

// ReadFrom does the same for io.Copy, which would make a larger buffer for each compilation.
func (b *limitedBuffer) ReadFrom(r io.Reader) (n int64, err error) {
	part := make([]byte, 4096)
	for {
		count, err := r.Read(part)
		n += int64(count)
		_, _ = b.Write(part[:count])
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
