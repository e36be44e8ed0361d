package pcapng

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"packet-capture/agent/internal/filter"
)

// block is one of a file, as somebody who knows nothing of the writer reads it.
type block struct {
	kind uint32
	body []byte
}

// readBlocks goes by draft-ietf-opsawg-pcapng, section 3.1.
func readBlocks(file []byte) ([]block, error) {
	var blocks []block
	for len(file) > 0 {
		if len(file) < BlockOverhead {
			return nil, fmt.Errorf("%d bytes behind the last block", len(file))
		}
		kind, length := binary.NativeEndian.Uint32(file), int(binary.NativeEndian.Uint32(file[4:]))
		if length < BlockOverhead || length%4 != 0 || length > len(file) || int(binary.NativeEndian.Uint32(file[length-4:])) != length {
			return nil, fmt.Errorf("a block of type %x and length %d", kind, length)
		}
		blocks = append(blocks, block{kind, file[8 : length-4]})
		file = file[length:]
	}
	return blocks, nil
}

// readOptions goes by section 3.5. Each code is there once in what this package writes.
func readOptions(options []byte) (map[uint16]string, error) {
	texts := map[uint16]string{}
	for len(options) >= 4 {
		code, length := binary.NativeEndian.Uint16(options), int(binary.NativeEndian.Uint16(options[2:]))
		options = options[4:]
		if code == optionEnd {
			if length != 0 || len(options) != 0 {
				return nil, fmt.Errorf("%d bytes behind the end of the options", len(options))
			}
			return texts, nil
		}
		if _, twice := texts[code]; twice || (length+3)&^3 > len(options) {
			return nil, fmt.Errorf("option %d of %d bytes", code, length)
		}
		texts[code] = string(options[:length])
		options = options[(length+3)&^3:]
	}
	return nil, fmt.Errorf("options without an end")
}

// wanted is what is left of a text in a file.
func wanted(text string) string {
	if len(text) <= longestText {
		return text
	}
	return text[:longestText]
}

// Whatever the texts and numbers are, others can read the file, and read the same.
func FuzzWrite(f *testing.F) {
	f.Add("packet-capture 1", `{"filter":"udp"}`, "eth0", "shop/web-1 node=node0", "udp", uint16(1), uint32(0), "packet", int64(1_800_000_000_000_000_001), uint64(3))
	f.Add("", "", "", "", "", uint16(0xffff), ^uint32(0), "", int64(-1), ^uint64(0))
	f.Add("a", "x"+strings.Repeat("\u00e4", longestText/2+1), "\x00", "\xff", strings.Repeat("x", longestText+1), uint16(101), uint32(1), "abc", int64(0), uint64(0))
	f.Fuzz(func(t *testing.T, application, comment, name, description, expression string, link uint16, snaplen uint32, data string, at int64, count uint64) {
		when := time.Unix(0, at)
		file := AppendSection(nil, Section{Application: application, Comment: comment})
		file = AppendInterface(file, Interface{Name: name, Description: description, Filter: expression, Link: filter.LinkType(link), Snaplen: snaplen})
		file = append(file, packet(0, at, data)...)
		file = AppendStatistics(file, 7, Statistics{Start: when, End: when, Accepted: count, Dropped: count + 1, DroppedBefore: count + 2})

		if packets, whole, err := Count(bytes.NewReader(file)); packets != 1 || whole != int64(len(file)) || err != nil {
			t.Fatalf("%d packets in %d of %d bytes, %v", packets, whole, len(file), err)
		}
		blocks, err := readBlocks(file)
		if err != nil || len(blocks) != 4 {
			t.Fatalf("%d blocks, %v", len(blocks), err)
		}
		for i, want := range []struct {
			kind  uint32
			fixed int
			texts map[uint16]string
		}{
			{blockSection, 16, map[uint16]string{optionComment: comment, sectionApplication: application}},
			{blockInterface, 8, map[uint16]string{interfaceName: name, interfaceDescription: description, interfaceResolution: "\x09", interfaceFilter: "\x00" + expression}},
			{blockEnhancedPacket, -1, nil},
			{blockStatistics, 12, nil},
		} {
			if blocks[i].kind != want.kind {
				t.Fatalf("block %d is of type %x", i, blocks[i].kind)
			}
			if want.fixed < 0 {
				continue
			}
			options, err := readOptions(blocks[i].body[want.fixed:])
			if err != nil {
				t.Fatalf("block %d: %v", i, err)
			}
			for code, text := range want.texts {
				got, there := options[code]
				isEmpty := text == "" || code == interfaceFilter && text == "\x00"
				switch {
				case isEmpty && there:
					t.Errorf("option %d of block %d is there", code, i)
				case isEmpty:
				case utf8.ValidString(text) && !utf8.ValidString(got):
					t.Errorf("option %d of block %d is not UTF-8 any more", code, i)
				case !strings.HasPrefix(wanted(text), got) || len(got) < len(wanted(text))-utf8.UTFMax:
					t.Errorf("option %d of block %d: %d bytes of %d", code, i, len(got), len(text))
				}
			}
			if want.kind == blockStatistics {
				for code, number := range map[uint16]uint64{statisticsAccepted: count, statisticsOSDropped: count + 1, statisticsIfDropped: count + 2} {
					if got := options[code]; len(got) != 8 || binary.NativeEndian.Uint64([]byte(got)) != number {
						t.Errorf("option %d: %x, not %d", code, got, number)
					}
				}
			}
		}
	})
}

// Wherever a run of packets is cut, each packet is on one side.
func FuzzCut(f *testing.F) {
	f.Add([]byte{1, 20, 3, 40}, int64(2), int64(100), 3)
	f.Add([]byte{}, int64(0), int64(-1), 0)
	f.Fuzz(func(t *testing.T, shape []byte, before, room int64, most int) {
		// Of each two bytes one is how much later a packet is than the one before, and one its length.
		var all Packets
		at, sizes, earlier := int64(0), []int{}, 0
		for ; len(shape) >= 2; shape = shape[2:] {
			at += int64(shape[0])
			p := packet(1, at, strings.Repeat("x", int(shape[1])))
			all, sizes = append(all, p...), append(sizes, len(p))
			if at < before {
				earlier++
			}
		}
		sum := func(count int) (bytes int) {
			for _, size := range sizes[:count] {
				bytes += size
			}
			return bytes
		}
		if length, count := all.Cut(before); count != earlier || length != sum(count) {
			t.Errorf("cut behind %d packets and %d bytes, not %d", count, length, earlier)
		}
		length, count := all.CutAt(room, most)
		if length != sum(count) || count > max(most, 0) || count > 0 && int64(length) > room {
			t.Errorf("%d packets and %d bytes within %d and %d", count, length, most, room)
		}
		if more := count + 1; more <= len(sizes) && more <= most && int64(sum(more)) <= room {
			t.Errorf("one more would have fitted than %d", count)
		}
		all.SetInterface(9)
		blocks, err := readBlocks(all)
		if err != nil || len(blocks) != len(sizes) {
			t.Fatalf("%d blocks, %v", len(blocks), err)
		}
		for _, b := range blocks {
			if binary.NativeEndian.Uint32(b.body) != 9 {
				t.Errorf("a packet of interface %d", binary.NativeEndian.Uint32(b.body))
			}
		}
	})
}
