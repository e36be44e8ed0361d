package upload

import "testing"

func TestExceptions(t *testing.T) {
	list := parseExceptions("example.com, .internal\n10.0.0.0/8,192.168.1.5 *.wild.example,host.example:8443,[fd00::1],fd01::/16")
	cases := map[string]bool{
		"example.com:443": true, "s3.example.com:443": true, "notexample.com:443": false, "EXAMPLE.com.:443": true,
		"x.internal:80": true, "internal:80": true, "10.1.2.3:80": true, "11.1.2.3:80": false, "192.168.1.5:80": true,
		"192.168.1.6:80": false, "a.wild.example:80": true, "host.example:8443": true, "host.example:443": false,
		"[fd00::1]:80": true, "[fd00::2]:80": false, "[fd01::2]:80": true, "localhost:80": true, "127.0.0.1:80": true, "[::1]:80": true,
	}
	for address, want := range cases {
		if got := list.contain(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if !parseExceptions("*").contain("anything:1") || parseExceptions("").contain("anything:1") {
		t.Error("* is all, and nothing is nothing")
	}
}
