package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/settings"
	"packet-capture/agent/internal/traffic"
)

// newCompiler needs tcpdump and the right to open an interface.
func newCompiler(t testing.TB) *Compiler {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs tcpdump, as root")
	}
	return &Compiler{Path: path}
}

func TestCompile(t *testing.T) {
	c := newCompiler(t)
	program, err := c.Compile(t.Context(), "tcp port 80", "lo", Ethernet)
	if err != nil {
		t.Fatal(err)
	}
	newKernel(t).attach(t, program)
	again, err := c.Compile(t.Context(), "tcp port 80", "gone", Ethernet)
	if err != nil || &again[0] != &program[0] {
		t.Errorf("compiled again: %v", err)
	}
}

func TestCompileWithoutAnInterface(t *testing.T) {
	c := newCompiler(t)
	for _, link := range allLinks {
		program, err := c.Compile(t.Context(), "tcp port 80", "", link)
		if err != nil {
			t.Fatalf("link type %d: %v", link, err)
		}
		if _, err := Build(program, link, settings.Snaplen{Headers: true}, nil); err != nil {
			t.Error(err)
		}
	}
	var syntax *SyntaxError
	if _, err := c.Compile(t.Context(), "tcp prt", "", Ethernet); !errors.As(err, &syntax) {
		t.Error(err)
	}
}

// Without an interface a compilation takes a third of the time: where it may make no difference, it must not.
func TestTheInterfaceMakesNoDifference(t *testing.T) {
	c := newCompiler(t)
	for _, expression := range expressions {
		if needsInterface(expression) {
			continue
		}
		live, err := c.run(t.Context(), expression, liveSource("lo"))
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		dead, err := c.run(t.Context(), expression, []string{"-y", Ethernet.name(), "-s", "1"})
		if err != nil || fmt.Sprint(live) != fmt.Sprint(dead) {
			t.Errorf("%s: %v, and without an interface %v, %v", expression, live, dead, err)
		}
	}
}

func TestAnEmptyExpressionTakesAll(t *testing.T) {
	program, err := new(Compiler).Compile(t.Context(), " ", "lo", Ethernet)
	if err != nil || run(t, program, packet{bytes: []byte{1}}) != wholePacket {
		t.Error(program, err)
	}
}

func TestCompileTellsErrorsApart(t *testing.T) {
	c := newCompiler(t)
	var syntax *SyntaxError
	for expression, want := range map[string]string{
		"tcp prt 443":       "can't parse filter expression: syntax error",
		"a) or (b":          "can't parse filter expression: syntax error",
		"-z /evil.sh":       "can't parse filter expression: syntax error",
		"-w /tmp/evil":      "can't parse filter expression: syntax error",
		"port eighty":       "unknown port 'eighty'",
		"tcp and\x00port 9": "",
		"'\"$(id)":          "can't parse filter expression: syntax error",
		"ip6 protochain 6":  "has a loop (protochain), which the kernel does not allow",
	} {
		_, err := c.Compile(t.Context(), expression, "lo", Ethernet)
		if want == "" {
			if err == nil {
				t.Errorf("%q compiles", expression)
			}
			continue
		}
		if !errors.As(err, &syntax) || syntax.Reason != want {
			t.Errorf("%q: %v", expression, err)
		}
	}
	var host *UnknownHostError
	if _, err := c.Compile(t.Context(), "host no.such.invalid", "lo", Ethernet); !errors.As(err, &host) {
		t.Error(err)
	}
	if _, err := c.Compile(t.Context(), "vlan", "nosuch0", Ethernet); err == nil || errors.As(err, &syntax) || errors.As(err, &host) {
		t.Errorf("without an interface: %v", err)
	}
	if _, err := c.Compile(t.Context(), "tcp", "", 12345); err == nil {
		t.Error("compiled for a link type that nobody knows")
	}
	c.Path = "/nosuch"
	if _, err := c.Compile(t.Context(), "udp", "lo", Ethernet); err == nil || errors.As(err, &syntax) {
		t.Errorf("without a compiler: %v", err)
	}
}

// A compiler without processor time and one that waits for a name server look the same, so the message names both.
func TestCompilerThatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tcpdump")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := (&Compiler{Path: path}).Compile(ctx, "udp", "lo", Ethernet)
	var later *UnknownHostError
	if !errors.As(err, &later) || !strings.Contains(err.Error(), "too little CPU") {
		t.Error(err)
	}
}

func hosts(count int) string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("host 10.%d.%d.%d", i/250, i%250, i*7%250)
	}
	return strings.Join(list, " or ")
}

func TestLongExpressions(t *testing.T) {
	c := newCompiler(t)
	texts := []string{
		hosts(100),
		hosts(780),
		"udp" + strings.Repeat(" ", 16000) + "port 9",
		strings.Repeat("(", 4000) + "udp" + strings.Repeat(")", 4000),
		strings.Repeat("not ", 4000) + "udp",
		"udp or " + strings.Repeat("tcp[4:4] * 3 + ", 1000) + "1 = 5",
		strings.Repeat("mpls and ", 1800) + "udp",
	}
	if os.Getenv("PACKET_CAPTURE_TEST_LONG") != "" {
		texts = append(texts, hosts(200), hosts(300), strings.Repeat("udp and ", 2000)+"udp", strings.Repeat("vlan and ", 1800)+"udp",
			strings.Repeat("ip6 protochain 6 or ", 800)+"udp")
	}
	for _, text := range texts {
		begin := time.Now()
		program, err := c.Compile(t.Context(), text, "lo", Ethernet)
		t.Logf("%.30q..., %d bytes: %d instructions, %v, %v", text, len(text), len(program), err, time.Since(begin).Round(time.Millisecond))
		var long *TooLongError
		var costly *TooCostlyError
		if err != nil && !errors.As(err, &long) && !errors.As(err, &costly) {
			t.Errorf("%.30q...: %v", text, err)
		}
	}
}

// A compiler that does not come to an end is ended by its limits, and by the context.
func TestACompilerHasLimits(t *testing.T) {
	endless := filepath.Join(t.TempDir(), "tcpdump")
	script := "#!/bin/sh\nwhile :; do :; done\n"
	if err := os.WriteFile(endless, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &Compiler{Path: endless, processor: 1}
	var costly *TooCostlyError
	if _, err := c.Compile(t.Context(), strings.Repeat("a", longestOptimized+1), "lo", Ethernet); !errors.As(err, &costly) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := c.Compile(ctx, "tcp", "lo", Ethernet); err == nil || time.Since(begin) > time.Second {
		t.Error(err, time.Since(begin))
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Compile(stopped, "tcp", "lo", Ethernet); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheCompilersOutputIsNotTrusted(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no number": "x\n", "none": "0\n", "negative": "-1\n",
		"too few lines": "2\n6 0 0 0\n", "too many": "1\n6 0 0 0\n6 0 0 0\n",
		"no end": "1\n40 0 0 12\n", "a jump out": "2\n21 1 0 5\n6 0 0 0\n", "a long jump out": "2\n5 0 0 4294967295\n6 0 0 0\n",
		"a word": "1\nret 0 0 0\n", "too large": "1\n6 0 300 0\n", "too little": "1\n6 0 0\n",
	} {
		if _, err := parseProgram([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	var long *TooLongError
	if _, err := parseProgram([]byte("5938\n")); !errors.As(err, &long) {
		t.Error(err)
	} else if want := "is too long for the kernel: it has 5938 instructions, and at most 3072 are allowed"; err.Error() != want {
		t.Error(err)
	}
}

func FuzzParseProgram(f *testing.F) {
	f.Add([]byte("2\n40 0 0 12\n6 0 0 262144\n"))
	f.Add([]byte("3\n21 1 0 5\n6 0 0 0\n6 0 0 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		program, err := parseProgram(text)
		if err != nil {
			return
		}
		for _, snaplen := range []settings.Snaplen{{}, {Headers: true}, {Bytes: 5}} {
			_, _ = Build(program, Ethernet, snaplen, nil)
		}
	})
}

// expressions of many kinds.
var expressions = []string{
	"tcp", "udp port 53", "host 10.0.0.1", "not host 10.0.0.1", "ip6", "arp", "tcp[tcpflags] & tcp-syn != 0", "port 443 or port 53",
	"vlan", "vlan 5 and tcp", "vlan and vlan and udp", "icmp", "icmp6", "len > 100", "less 60", "net 10.0.0.0/8 and not port 443",
	"ip[8] = 64", "ip6[7] > 3 or ip[6:2] & 0x1fff != 0", "portrange 40000-40010", "inbound", "outbound and tcp", "ether proto 0x88cc", "sctp", "ether host 02:00:00:00:00:01", "ether multicast", "ip multicast", "mpls", "pppoes and ip", "ifindex 1", "udp[4:2] > 20", "geneve", "llc", "stp", "ip broadcast", "ether broadcast",
	"ip proto 47", "ip6 proto 44", "src 10.0.0.2 and dst 10.0.0.1", hosts(60) + " or host 10.0.0.1",
}

// What a user's program takes is what the whole one takes: with flows that no packet has, and for every way to cut.
func TestTheUsersProgramDecides(t *testing.T) {
	c := newCompiler(t)
	noPacket := []traffic.Flow{{Protocol: 6, Local: netipPort("198.51.100.1:9"), Remote: netipPort("198.51.100.2:9")}, {Protocol: 17, Local: netipPort("[fd99::1]:9")}}
	for _, expression := range expressions {
		user, err := c.Compile(t.Context(), expression, "lo", Ethernet)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		whole := build(t, user, settings.Snaplen{}, noPacket)
		cut := build(t, user, settings.Snaplen{Bytes: 100}, nil)
		headers := build(t, user, settings.Snaplen{Headers: true}, noPacket)
		g := newGenerator(uint64(len(expression)))
		for range 2000 {
			p := g.packet(Ethernet)
			p.tag = pick[uint32](g, 0, 0, 5, 6)
			takes := run(t, user, p) != 0
			got := []int{run(t, whole, p), run(t, cut, p), run(t, headers, p)}
			want := []int{0, 0, 0}
			if takes {
				want = []int{wholePacket, 100, max(referenceHeaders(p, Ethernet), 1)}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s: %v, not %v, of %x", expression, got, want, p.bytes)
			}
		}
	}
}

func build(t testing.TB, user Program, snaplen settings.Snaplen, own []traffic.Flow) Program {
	t.Helper()
	program, err := Build(user, Ethernet, snaplen, own)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestSnaplenOfACookedSocket(t *testing.T) {
	for bytes, want := range map[int]int{0: wholePacket, 1: 1, 16: 1, 17: 1, 18: 2, 116: 100} {
		program, err := Build(nil, Cooked, settings.Snaplen{Bytes: bytes}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, program, packet{bytes: make([]byte, 200)}); got != want {
			t.Errorf("snaplen %d keeps %d, not %d", bytes, got, want)
		}
	}
}

func TestCookedPrograms(t *testing.T) {
	load := func(op uint16, k uint32) Program { return Program{{Op: op, K: k}, {Op: returnK, K: 1}} }
	for offset, want := range map[uint32]uint32{0: specialType, 14: specialProtocol, 16: 0, 36: 20, special + 4: special + 4} {
		adapted, err := adaptCooked(load(loadHalf, offset))
		if err != nil || adapted[0].K != want {
			t.Errorf("%d: %v, %v", offset, adapted, err)
		}
	}
	if _, err := adaptCooked(load(loadHalf, 4)); err == nil {
		t.Error("the length of an address can be asked for")
	}
	if adapted, err := adaptCooked(load(loadNumber, 16)); err != nil || adapted[0].K != 16 {
		t.Error("a number was taken for an offset")
	}
}

// As os/exec copies a process's output.
func TestLimitedBufferKeepsNoMoreThanItMay(t *testing.T) {
	b := limitedBuffer{most: 100}
	n, err := io.Copy(&b, io.LimitReader(strings.NewReader(strings.Repeat("0123456789", 100_000)), 1_000_000))
	if n != 1_000_000 || err != nil || len(b.kept) != 100 || cap(b.kept) > 8192 {
		t.Errorf("%d bytes copied, %d kept, %v", n, len(b.kept), err)
	}
}
