package pcapng

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// packetAt is a packet at a time, with a payload of that size.
func packetAt(to []byte, at int64, size int) []byte {
	padded := (size + 3) &^ 3
	for _, word := range []uint32{blockEnhancedPacket, uint32(padded + PacketOverhead), 0, uint32(uint64(at) >> 32), uint32(at), uint32(size), uint32(size)} {
		to = binary.NativeEndian.AppendUint32(to, word)
	}
	to = append(to, bytes.Repeat([]byte{5, 0, 0, 0}, padded/4)...)
	return binary.NativeEndian.AppendUint32(to, uint32(padded+PacketOverhead))
}

func TestSpanAndSummary(t *testing.T) {
	head := AppendInterface(AppendSection(nil, Section{Comment: "x"}), Interface{Name: "eth0"})
	file := AppendInterface(AppendStatistics(packetAt(packetAt(head, 1_700_000_000_000_000_001, 1), 1_700_000_000_000_000_009, 1000), 0, Statistics{Dropped: 3}),
		Interface{Name: "eth1"})
	file = packetAt(file, 1_700_000_000_000_000_007, 60)
	whole := AppendStatistics(AppendStatistics(file, 1, Statistics{Dropped: 2, Accepted: 9, DroppedBefore: 4, End: time.Unix(1, 0)}), 0, Statistics{Dropped: 1})
	first, last, ok := Span(bytes.NewReader(whole), int64(len(whole)))
	if first != 1_700_000_000_000_000_001 || last != 1_700_000_000_000_000_007 || !ok {
		t.Error(first, last, ok)
	}
	s, err := Summarize(bytes.NewReader(whole))
	if want := (Summary{Packets: 3, Dropped: 6, First: 1_700_000_000_000_000_001, Last: 1_700_000_000_000_000_009}); s != want || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	for _, none := range [][]byte{nil, head, head[:20], []byte("no capture file at all, but a text")} {
		if first, last, ok := Span(bytes.NewReader(none), int64(len(none))); ok {
			t.Error(first, last)
		}
	}
	// The writer was killed: the file ends anywhere.
	for cut := len(head) + 36; cut < len(whole); cut++ {
		first, last, ok := Span(bytes.NewReader(whole[:cut]), int64(cut))
		if !ok || first != 1_700_000_000_000_000_001 || last < first || last > 1_700_000_000_000_000_009 {
			t.Fatal(cut, first, last, ok)
		}
	}
}

// What Span reads at both ends is what a reader of the whole file finds.
func TestSpanIsThatOfTheWholeFile(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		file := AppendInterface(AppendSection(nil, Section{}), Interface{Name: "eth0"})
		at := int64(1_600_000_000_000_000_000)
		for range 1 + r.IntN(20) {
			at += r.Int64N(1e12)
			file = packetAt(file, at, r.IntN(300))
		}
		for range r.IntN(3) {
			file = AppendStatistics(file, 0, Statistics{Dropped: uint64(r.IntN(5))})
		}
		first, last, ok := Span(bytes.NewReader(file), int64(len(file)))
		s, err := Summarize(bytes.NewReader(file))
		if !ok || err != nil || first != s.First || last != s.Last {
			t.Fatal(seed, first, last, ok, s, err)
		}
	}
}

func FuzzSpan(f *testing.F) {
	f.Add(packetAt(AppendInterface(AppendSection(nil, Section{}), Interface{Name: "eth0"}), 7, 3))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _, _ = Span(bytes.NewReader(file), int64(len(file)))
		if s, _ := Summarize(bytes.NewReader(file)); s.Packets > int64(len(file)/PacketOverhead) {
			t.Errorf("%d packets in %d bytes", s.Packets, len(file))
		}
	})
}
