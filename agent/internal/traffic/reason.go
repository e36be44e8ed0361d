package traffic

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// Reason is why a connection failed or ended, in the words of strerror(3) and gai_strerror(3), without addresses and
// system calls.
func Reason(err error) string {
	var number syscall.Errno
	var lookup *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		if lookup.IsNotFound {
			return "Name or service not known"
		}
		return "Temporary failure in name resolution"
	case errors.As(err, &number):
		return capital(number.Error())
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return capital(syscall.ETIMEDOUT.Error())
	}
	return capital(err.Error())
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
