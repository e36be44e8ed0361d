package pcapng

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"packet-capture/agent/internal/filter"
)

// packet is an enhanced packet block as package capture makes them.
func packet(number uint32, time int64, data string) Packets {
	padded := (len(data) + 3) &^ 3
	size := uint32(padded + PacketOverhead)
	var b []byte
	for _, word := range []uint32{blockEnhancedPacket, size, number, uint32(time >> 32), uint32(time), uint32(len(data)), uint32(len(data))} {
		b = binary.NativeEndian.AppendUint32(b, word)
	}
	b = append(b, data...)
	b = append(b, make([]byte, padded-len(data))...)
	return binary.NativeEndian.AppendUint32(b, size)
}

func example() []byte {
	start := time.Unix(1_800_000_000, 0)
	file := AppendSection(nil, Section{Application: "packet-capture", Comment: `{"filter":"udp"}`})
	file = AppendInterface(file, Interface{Name: "eth0", Description: "shop/web-1 node=node0", Filter: "udp", Link: filter.Ethernet, Snaplen: 96})
	file = AppendInterface(file, Interface{Name: "tun0", Description: "shop/web-1 node=node0", Link: filter.Raw})
	for i := range 5 {
		file = append(file, packet(uint32(i%2), start.UnixNano()+int64(i), strings.Repeat("x", i))...)
	}
	file = AppendStatistics(file, 0, Statistics{Start: start, End: start.Add(time.Second), Accepted: 7, Dropped: 4, DroppedBefore: 2})
	return AppendStatistics(file, 1, Statistics{Start: start, End: start.Add(time.Second), Accepted: 2})
}

func TestCount(t *testing.T) {
	file := example()
	packets, whole, err := Count(bytes.NewReader(file))
	if packets != 5 || whole != int64(len(file)) || err != nil {
		t.Errorf("%d packets in %d of %d bytes, %v", packets, whole, len(file), err)
	}
	// Wherever it ends.
	for end := range file {
		packets, whole, err := Count(bytes.NewReader(file[:end]))
		if packets > 5 || whole > int64(end) || err != nil {
			t.Fatalf("cut at %d: %d packets in %d bytes, %v", end, packets, whole, err)
		}
	}
	for name, text := range map[string]string{"text": "not a capture file", "no section": string(file[len(AppendSection(nil, Section{})):])} {
		if _, _, err := Count(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStatisticsSize(t *testing.T) {
	if got := len(AppendStatistics(nil, 0, Statistics{})); got != StatisticsSize {
		t.Errorf("%d bytes, not %d", got, StatisticsSize)
	}
}

func TestPackets(t *testing.T) {
	var all Packets
	for i := range 10 {
		all = append(all, packet(0, int64(100+i), strings.Repeat("x", 10*i))...)
	}
	if length, count := all.Cut(105); count != 5 || all[length:].Time() != 105 {
		t.Errorf("cut behind %d packets", count)
	}
	if length, count := all.Cut(1000); count != 10 || length != len(all) {
		t.Errorf("cut behind %d packets, %d bytes", count, length)
	}
	if length, count := all.Cut(100); count != 0 || length != 0 {
		t.Errorf("cut behind %d packets", count)
	}
	first := all.Size()
	for _, test := range []struct{ bytes, packets, want int }{
		{first, 10, 1}, {first - 1, 10, 0}, {first + 1, 10, 1}, {len(all), 10, 10}, {len(all), 3, 3}, {len(all) - 1, 100, 9}, {-1, 5, 0}, {1000, 0, 0},
	} {
		if _, count := all.CutAt(int64(test.bytes), test.packets); count != test.want {
			t.Errorf("%d packets within %d bytes and %d packets, not %d", count, test.bytes, test.packets, test.want)
		}
	}
	all.SetInterface(3)
	for at := 0; at < len(all); at += all[at:].Size() {
		if number := binary.NativeEndian.Uint32(all[at+8:]); number != 3 {
			t.Errorf("a packet of interface %d", number)
		}
	}
}

func TestTextsAreCut(t *testing.T) {
	file := AppendSection(nil, Section{Comment: strings.Repeat("x", 100_000)})
	if len(file) > 70_000 || len(file)%4 != 0 {
		t.Errorf("%d bytes", len(file))
	}
	if _, whole, err := Count(bytes.NewReader(file)); whole != int64(len(file)) || err != nil {
		t.Errorf("%d of %d bytes, %v", whole, len(file), err)
	}
}

// What others read in such a file.
func TestCapinfos(t *testing.T) {
	if _, err := exec.LookPath("capinfos"); err != nil {
		t.Skip("needs capinfos")
	}
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, example(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("capinfos", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"Number of packets:   5", "Capture application: packet-capture", `Capture comment:     {"filter":"udp"}`,
		"Name = eth0", "Description = shop/web-1 node=node0", "Filter string = udp", "Capture length = 96", "Name = tun0", "Encapsulation = Raw IP",
		"Time precision = nanoseconds"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func FuzzCount(f *testing.F) {
	f.Add(example())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		packets, whole, err := Count(bytes.NewReader(file))
		if packets < 0 || whole < 0 || whole > int64(len(file)) || packets*PacketOverhead > whole {
			t.Errorf("%d packets in %d of %d bytes, %v", packets, whole, len(file), err)
		}
	})
}
