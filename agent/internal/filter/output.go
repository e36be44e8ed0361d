package filter

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/net/bpf"
)

// parseProgram reads the output of tcpdump -ddd: the number of instructions, then an instruction a line: opcode, jump
// if true, jump if false, operand.
func parseProgram(text []byte) (Program, error) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	count, err := strconv.Atoi(string(first))
	if err != nil || count < 1 {
		return nil, fmt.Errorf("the filter's compiler wrote %.40q instead of the length of a program", first)
	}
	if count > longestExpression {
		return nil, &TooLongError{Instructions: count, Most: longestExpression}
	}
	program := make(Program, 0, count)
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		one, err := parseInstruction(line)
		if err != nil {
			return nil, err
		}
		program = append(program, one)
	}
	if len(program) != count {
		return nil, fmt.Errorf("the filter's compiler wrote %d of %d instructions", len(program), count)
	}
	return program, checkJumps(program)
}

func parseInstruction(line []byte) (bpf.RawInstruction, error) {
	fields := bytes.Fields(line)
	var numbers [4]uint64
	if len(fields) != len(numbers) {
		return bpf.RawInstruction{}, fmt.Errorf("the filter's compiler wrote %.40q instead of an instruction", line)
	}
	for i, bits := range []int{16, 8, 8, 32} {
		number, err := strconv.ParseUint(string(fields[i]), 10, bits)
		if err != nil {
			return bpf.RawInstruction{}, fmt.Errorf("the filter's compiler wrote %.40q instead of an instruction", line)
		}
		numbers[i] = number
	}
	return bpf.RawInstruction{Op: uint16(numbers[0]), Jt: uint8(numbers[1]), Jf: uint8(numbers[2]), K: uint32(numbers[3])}, nil
}

// checkJumps checks that no jump leaves the program, and that it ends with a return: instructions of this package
// follow it.
func checkJumps(program Program) error {
	for i, one := range program {
		if one.Op&classMask != classJump {
			continue
		}
		farthest := max(uint64(one.Jt), uint64(one.Jf))
		if one.Op == jumpAlways {
			farthest = uint64(one.K)
		}
		if one.Op == jumpAlways && int32(one.K) < 0 {
			return &SyntaxError{Reason: "has a loop (protochain), which the kernel does not allow"}
		}
		if uint64(i)+1+farthest >= uint64(len(program)) {
			return fmt.Errorf("instruction %d of the filter's compiler jumps out of its program", i)
		}
	}
	if program[len(program)-1].Op&classMask != classReturn {
		return fmt.Errorf("the program of the filter's compiler does not end with a return")
	}
	return nil
}
