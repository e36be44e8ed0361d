package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// label is the target of jumps. Jumps of classic BPF only go forward.
type label int

// next is the instruction after a jump.
const next label = -1

// assembler writes a program with labels. A conditional jump reaches 255 instructions; for longer distances the
// assembler adds unconditional jumps after it.
type assembler struct {
	instructions []instruction
	places       []int
}

type instruction struct {
	bpf.RawInstruction
	yes, no label
}

func (a *assembler) label() label {
	a.places = append(a.places, -1)
	return label(len(a.places) - 1)
}

// place puts the label here.
func (a *assembler) place(l label) { a.places[l] = len(a.instructions) }

func (a *assembler) emit(op uint16, k uint32) {
	a.instructions = append(a.instructions, instruction{RawInstruction: bpf.RawInstruction{Op: op, K: k}, yes: next, no: next})
}

func (a *assembler) jump(l label) { a.when(jumpAlways, 0, l, next) }

// when jumps to one of two labels; next is the instruction after it.
func (a *assembler) when(op uint16, k uint32, yes, no label) {
	a.instructions = append(a.instructions, instruction{RawInstruction: bpf.RawInstruction{Op: op, K: k}, yes: yes, no: no})
}

// raw copies a program whose jumps do not leave it.
func (a *assembler) raw(p Program) {
	for _, one := range p {
		a.instructions = append(a.instructions, instruction{RawInstruction: one, yes: next, no: next})
	}
}

// program resolves the labels.
func (a *assembler) program() (Program, error) {
	long := make([]longJump, len(a.instructions))
	positions := make([]int, len(a.instructions)+1)
	for changed := true; changed; {
		position := 0
		for i := range a.instructions {
			positions[i] = position
			position += 1 + long[i].size()
		}
		positions[len(a.instructions)] = position
		changed = a.lengthen(long, positions)
	}
	program := make(Program, 0, positions[len(a.instructions)])
	for i, one := range a.instructions {
		program = a.resolve(program, one, i, long[i], positions)
	}
	if len(program) > longestProgram {
		return nil, &TooLongError{Instructions: len(program), Most: longestProgram}
	}
	return program, nil
}

// longJump holds which sides of a conditional jump need an unconditional jump.
type longJump struct{ yes, no bool }

func (l longJump) size() int {
	size := 0
	if l.yes {
		size++
	}
	if l.no {
		size++
	}
	return size
}

// lengthen finds conditional jumps that do not reach their targets.
func (a *assembler) lengthen(long []longJump, positions []int) (changed bool) {
	for i, one := range a.instructions {
		if one.Op == jumpAlways || one.yes == next && one.no == next {
			continue
		}
		if !long[i].yes && one.yes != next && a.distance(one.yes, positions, positions[i]+1) > 255 {
			long[i].yes, changed = true, true
		}
		if !long[i].no && one.no != next && a.distance(one.no, positions, positions[i]+1) > 255 {
			long[i].no, changed = true, true
		}
	}
	return changed
}

func (a *assembler) distance(to label, positions []int, from int) int {
	return positions[a.places[to]] - from
}

func (a *assembler) resolve(program Program, one instruction, index int, long longJump, positions []int) Program {
	here := len(program) + 1
	if one.yes == next && one.no == next {
		return append(program, one.RawInstruction)
	}
	if one.Op == jumpAlways {
		one.K = uint32(a.forward(one.yes, positions, here))
		return append(program, one.RawInstruction)
	}
	// After it come the jump of one side, the jump of the other, and the next instruction.
	behind := long.size()
	aside := 0
	side := func(to label, isLong bool) uint8 {
		if isLong {
			aside++
			return uint8(aside - 1)
		}
		if to == next {
			return uint8(behind)
		}
		return uint8(a.forward(to, positions, here))
	}
	one.Jt = side(one.yes, long.yes)
	one.Jf = side(one.no, long.no)
	program = append(program, one.RawInstruction)
	for _, far := range []struct {
		to     label
		isLong bool
	}{{one.yes, long.yes}, {one.no, long.no}} {
		if far.isLong {
			program = append(program, bpf.RawInstruction{Op: jumpAlways, K: uint32(a.forward(far.to, positions, len(program)+1))})
		}
	}
	return program
}

func (a *assembler) forward(to label, positions []int, from int) int {
	distance := a.distance(to, positions, from)
	if distance < 0 {
		panic(fmt.Sprintf("a jump back of %d instructions: classic BPF has none", -distance))
	}
	return distance
}
