package filter

import (
	"errors"
	"fmt"
)

// SyntaxError is an expression that does not compile; the reason is the compiler's.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

// UnknownHostError is a name in the expression that no name server knows now. It may be known later.
type UnknownHostError struct{ Reason string }

func (e *UnknownHostError) Error() string { return e.Reason }

// TooCostlyError is an expression whose compilation takes more time or memory than it may.
type TooCostlyError struct{ Reason string }

func (e *TooCostlyError) Error() string { return e.Reason }

// TooLongError is a program that is too long for the kernel.
type TooLongError struct {
	// Instructions is how many instructions it has, Most how many it may have.
	Instructions, Most int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("is too long for the kernel: it has %d instructions, and at most %d are allowed", e.Instructions, e.Most)
}

// IsAboutExpression reports whether an error of Compile or Build blames the expression, and not the machine.
func IsAboutExpression(err error) bool {
	return errors.As(err, new(*SyntaxError)) || errors.As(err, new(*UnknownHostError)) ||
		errors.As(err, new(*TooCostlyError)) || errors.As(err, new(*TooLongError))
}
