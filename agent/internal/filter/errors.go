package filter

import "fmt"

// SyntaxError is an expression that does not compile; the reason is the compiler's.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

// UnknownHostError is a name in the expression that no name server knows now. It may be known later.
type UnknownHostError struct{ Reason string }

func (e *UnknownHostError) Error() string { return e.Reason }

// TooCostlyError is an expression whose compilation takes more time or memory than it may.
type TooCostlyError struct{ Reason string }

func (e *TooCostlyError) Error() string { return e.Reason }

// TooLongError is a program that is longer than the kernel takes.
type TooLongError struct {
	// Instructions that it has, and that it may have.
	Instructions, Most int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("is too long for the kernel: it makes %d instructions, and %d are the most", e.Instructions, e.Most)
}
