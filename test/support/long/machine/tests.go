package main

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// result is what one of the agent's packages says of its tests.
type result struct {
	Output   string `json:"output"`
	ExitCode int    `json:"exitCode"`
}

// runTests runs tests, by packages, in the machine's own Debian. `go test -c` has made a program of each package:
// /tests/PACKAGE/test.
func runTests(tests map[string][]string, r *report) error {
	// Then the kernel finds the modules that the tests ask for.
	for _, command := range []string{"depmod -a", "modprobe tun"} {
		if out, err := inDebian("/", strings.Fields(command)...); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
	}
	r.Tests = map[string]result{}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		pattern := "^(" + strings.Join(tests[name], "|") + ")$"
		out, err := inDebian("/tests/"+name, "./test", "-test.v", "-test.timeout=10m", "-test.run="+pattern)
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			return err
		}
		code := 0
		if failed != nil {
			code = failed.ExitCode()
		}
		r.Tests[name] = result{out, code}
		r.took(name)
	}
	return nil
}

func inDebian(folder string, argv ...string) (string, error) {
	command := exec.Command("/usr/bin/env", argv...)
	command.Dir = folder
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp"}
	out, err := command.CombinedOutput()
	return string(out), err
}
