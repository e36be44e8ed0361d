package mirror

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"packet-capture/agent/internal/filter"
)

// enter puts the test into a network namespace of its own, with eth0, whose other end is peer0.
func enter(t *testing.T) (eth0 int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	// Without an unlock: the thread, and the namespace, end with the goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	sh(t, "ip link set lo up; ip link add eth0 type veth peer name peer0; ip link set eth0 up; ip link set peer0 up; ip address add 10.0.0.1/24 dev eth0")
	interfaces, err := net.InterfaceByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	return interfaces.Index
}

func sh(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command("sh", "-ec", command).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}

func some(length int) filter.Program {
	program := make(filter.Program, length)
	for i := range program {
		program[i] = ret(uint32(i))
	}
	return program
}

var somewhere = target{source: netip.MustParseAddr("10.0.0.1"), collector: netip.MustParseAddr("10.0.0.9"), port: 4789, vni: 42}

func TestAttachAndDetach(t *testing.T) {
	eth0 := enter(t)
	for _, length := range []int{1, 1000, longestShown} {
		if err := attach(eth0, ingress, verdict{program: some(length)}); err != nil {
			t.Fatalf("%d instructions: %v", length, err)
		}
		if err := attach(eth0, egress, verdict{program: some(length)}); err != nil {
			t.Fatalf("%d instructions: %v", length, err)
		}
	}
	if f, err := look(eth0); err != nil || f != (found{clsact: true, handle: handleOwner}) {
		t.Errorf("got %+v, %v", f, err)
	}
	if err := attach(eth0, ingress, verdict{program: some(longestShown + 1)}); err == nil || !strings.Contains(err.Error(), "4001 instructions") {
		t.Errorf("too long a program: %v", err)
	}
	if err := detach(eth0, false); err != nil {
		t.Fatal(err)
	}
	if f, err := look(eth0); err != nil || f != (found{}) {
		t.Errorf("got %+v, %v", f, err)
	}
	if err := detach(eth0, false); err != nil {
		t.Errorf("nothing to detach: %v", err)
	}
}

// A filter that the kernel cannot show, as an agent of before might have left it: it is taken away without a look.
func TestDetachWhatCannotBeShown(t *testing.T) {
	eth0 := enter(t)
	if err := attach(eth0, ingress, verdict{program: some(1)}); err != nil {
		t.Fatal(err)
	}
	if err := addFilter(eth0, ingress, handleOwner, verdict{program: some(4096)}); err != nil {
		t.Fatal(err)
	}
	if _, err := look(eth0); err == nil {
		t.Fatal("the kernel shows it, or hides it without a word")
	}
	if err := attach(eth0, ingress, verdict{program: some(2)}); err == nil {
		t.Error("a filter was attached that cannot be read back")
	}
	if err := detach(eth0, false); err != nil {
		t.Fatal(err)
	}
	if left := sh(t, "tc qdisc show dev eth0; tc filter show dev eth0 ingress"); strings.Contains(left, "bpf") || strings.Contains(left, "clsact") {
		t.Errorf("left: %s", left)
	}
}

func TestOthersStay(t *testing.T) {
	eth0 := enter(t)
	sh(t, `tc qdisc add dev eth0 clsact; tc filter add dev eth0 egress pref 1 bpf bytecode '1,6 0 0 0,' action mirred egress mirror dev lo`)
	before := sh(t, "tc qdisc show dev eth0; tc filter show dev eth0 egress")
	if err := attach(eth0, ingress, verdict{program: some(1)}); err != nil {
		t.Fatal(err)
	}
	if f, err := look(eth0); err != nil || f != (found{clsact: true, handle: handleGuest, others: true}) {
		t.Errorf("got %+v, %v", f, err)
	}
	if err := detach(eth0, false); err != nil {
		t.Fatal(err)
	}
	if after := sh(t, "tc qdisc show dev eth0; tc filter show dev eth0 egress"); after != before {
		t.Errorf("it was %q and is %q", before, after)
	}
	sh(t, "tc qdisc delete dev eth0 clsact; tc qdisc add dev eth0 ingress")
	if err := attach(eth0, ingress, verdict{program: some(1)}); err != errForeignIngress {
		t.Errorf("a place that is taken: %v", err)
	}
}

func TestClsactOfOursStaysForOthers(t *testing.T) {
	eth0 := enter(t)
	if err := attach(eth0, ingress, verdict{program: some(1)}); err != nil {
		t.Fatal(err)
	}
	sh(t, `tc filter add dev eth0 egress pref 1 bpf bytecode '1,6 0 0 0,' action mirred egress mirror dev lo`)
	if err := detach(eth0, false); err != nil {
		t.Fatal(err)
	}
	if left := sh(t, "tc filter show dev eth0 egress"); !strings.Contains(left, "bpf") {
		t.Error("somebody else's filter is gone")
	}
}

// Somebody takes a filter away, by itself or with all that is there: that is seen, and nothing that was made here is
// left.
func TestWhatSomebodyTakesAway(t *testing.T) {
	eth0 := enter(t)
	wanted := []mirrored{{"eth0", eth0}}
	k := kernel{build: func(user filter.Program) (filter.Program, error) { return user, nil }}
	for _, test := range []struct{ takes, lost string }{
		{"tc filter delete dev eth0 ingress", "eth0"},
		{"tc filter delete dev eth0 ingress; tc filter delete dev eth0 egress", "eth0"},
		{"tc qdisc delete dev eth0 clsact", "eth0"},
		{"tc filter delete dev pcmirror1 ingress", entranceName},
		{"tc qdisc delete dev pcmirror0 clsact", tunnelName},
		{":", ""},
	} {
		if err := k.start(somewhere, wanted, some(3)); err != nil {
			t.Fatal(err)
		}
		if name := k.lost(); name != "" {
			t.Errorf("at the beginning %s has lost its filter", name)
		}
		sh(t, test.takes)
		if name := k.lost(); name != test.lost {
			t.Errorf("%s: %q has lost its filter, not %q", test.takes, name, test.lost)
		}
		if err := k.clear(); err != nil {
			t.Errorf("%s: %v", test.takes, err)
		}
		if left := sh(t, "ip link; tc qdisc show; tc filter show dev eth0 ingress; tc filter show dev eth0 egress"); strings.Contains(left, "clsact") || strings.Contains(left, "bpf") || strings.Contains(left, "pcmirror") {
			t.Errorf("%s: left: %s", test.takes, left)
		}
	}
}

func TestDevices(t *testing.T) {
	enter(t)
	if _, there := readCounts(); there {
		t.Error("counts of nothing")
	}
	if err := makeDevices(somewhere); err != nil {
		t.Fatal(err)
	}
	if sent, there := readCounts(); !there || sent != (counts{}) {
		t.Errorf("counts %+v, %v", sent, there)
	}
	if shown := sh(t, "ip -d link show pcmirror0"); !strings.Contains(shown, "vxlan id 42 local 10.0.0.1 srcport 61000 61099 dstport 61099 nolearning ttl 253") {
		t.Errorf("the tunnel is %s", shown)
	}
	if shown := sh(t, "bridge fdb show dev pcmirror0"); !strings.Contains(shown, "00:00:00:00:00:00 dst 10.0.0.9 port 4789 self permanent") {
		t.Errorf("the collector is %s", shown)
	}
	if shown := sh(t, "ip -o address show"); strings.Contains(shown, "pcmirror") {
		t.Errorf("addresses: %s", shown)
	}
	if err := makeDevices(somewhere); err == nil {
		t.Error("a second one was made")
	}
	if err := removeDevices(); err != nil {
		t.Fatal(err)
	}
	if shown := sh(t, "ip link"); strings.Contains(shown, "pcmirror") {
		t.Errorf("left: %s", shown)
	}
	if err := removeDevices(); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	enter(t)
	taken, err := net.ListenPacket("udp", "0.0.0.0:61099")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := makeDevices(somewhere); err != nil {
		t.Fatal(err)
	}
	if shown := sh(t, "ip -d link show pcmirror0"); !strings.Contains(shown, "dstport 61098") {
		t.Errorf("the tunnel is %s", shown)
	}
}

func TestCopies(t *testing.T) {
	eth0 := enter(t)
	sh(t, "ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0")
	if err := makeDevices(somewhere); err != nil {
		t.Fatal(err)
	}
	links, err := linksByName(entranceName)
	if err != nil {
		t.Fatal(err)
	}
	to := links[0].Attrs().Index
	// UDP to port 99: not the copies, which go to 4789.
	program := filter.Program{
		{Op: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 36},
		{Op: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: 99},
		ret(0xffffffff),
		ret(0),
	}
	if err := attach(eth0, egress, verdict{program: program, action: copyTo, to: to}); err != nil {
		t.Fatal(err)
	}
	sender, err := net.Dial("udp", "10.0.0.9:99")
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for range 5 {
		if _, err := sender.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := readCounts(); got.packets != 5 || got.dropped != 0 {
		t.Errorf("copied %+v", got)
	}
	if err := detach(eth0, false); err != nil {
		t.Fatal(err)
	}
	_, _ = sender.Write(make([]byte, 100))
	if got, _ := readCounts(); got.packets != 5 {
		t.Errorf("copied %+v after the end", got)
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add([]byte{})
	f.Add(append(make([]byte, 20), 8, 0, 1, 0, 'b', 'p', 'f', 0, 12, 0, 2, 0, 12, 0, 5, 0, 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, message []byte) {
		one, err := parseFilter(message)
		if err == nil && len(one.program) > len(message) {
			t.Error("a program out of nothing")
		}
	})
}
