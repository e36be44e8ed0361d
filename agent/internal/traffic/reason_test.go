package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestReason(t *testing.T) {
	cases := []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "Connection refused"},
		{fmt.Errorf("x: %w", syscall.EHOSTUNREACH), "No route to host"},
		{syscall.ENETUNREACH, "Network is unreachable"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "Connection reset by peer"},
		{context.DeadlineExceeded, "Connection timed out"},
		{&net.OpError{Op: "write", Err: os.ErrDeadlineExceeded}, "Connection timed out"},
		{&net.DNSError{IsNotFound: true}, "Name or service not known"},
		{&net.DNSError{UnwrapErr: syscall.ECONNREFUSED, IsTemporary: true}, "Temporary failure in name resolution"},
		{ErrTooManyFlows, "The agent has too many connections of its own"},
		{errors.New(""), ""},
	}
	for _, c := range cases {
		if got := Reason(c.err); got != c.want {
			t.Errorf("%v: %q, not %q", c.err, got, c.want)
		}
	}
}
