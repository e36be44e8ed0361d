package upload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Labels are the users' to set, and become a part of a path at the far end.
func FuzzWorkload(f *testing.F) {
	f.Add("web-6d4b75cb6d-hx7tx", "pod-template-hash=\"6d4b75cb6d\"\n")
	f.Add("db-0", "statefulset.kubernetes.io/pod-name=\"db-0\"\napps.kubernetes.io/pod-index=\"0\"")
	f.Add("x", "batch.kubernetes.io/job-name=\"../..\"\n=\n")
	f.Fuzz(func(t *testing.T, pod, labels string) {
		if name := Workload(pod, labels); name != pod && (strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") || name == "") {
			t.Errorf("%q of %q and %q", name, pod, labels)
		}
	})
}

// What is in the pod itself never goes through a proxy, whatever the exceptions are.
func FuzzExceptions(f *testing.F) {
	f.Add(".example, 10.0.0.0/8 [::1]:80", "a.example:443")
	f.Add("*", "")
	f.Add(":80,[", "[fe80::1%eth0]:1")
	f.Fuzz(func(t *testing.T, text, address string) {
		e := parseExceptions(text)
		_ = e.contain(address)
		for _, own := range []string{"localhost:443", "127.0.0.1:80", "[::1]:9000", "LOCALHOST.:1"} {
			if !e.contain(own) {
				t.Errorf("%s with %q", own, text)
			}
		}
		if len(e) == 0 && e.contain("bucket.example:443") {
			t.Error("an exception, and there is none")
		}
	})
}

// Notes outlive a container, and lie on a volume that more than one may write to.
func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"file":"web-1_20260102030405_00001.pcapng","packets":3,"dropped":null}`))
	f.Add([]byte(`{"packets":-1}`))
	f.Add([]byte(`null`))
	folder := f.TempDir()
	q := queue{folder}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := q.writeText("20260102T030405Z-00001", text); err != nil {
			t.Fatal(err)
		}
		note, err := q.read("20260102T030405Z-00001", closedEnding)
		if err != nil {
			return
		}
		if err := q.write("20260102T030405Z-00002", closedEnding, note); err != nil {
			t.Errorf("%q is read, and cannot be written: %v", text, err)
		}
		if list := q.list(closedEnding); len(list) != 2 {
			t.Errorf("%q", list)
		}
	})
}

// Of what stands in rclone.conf, nothing comes into an event but what names the place.
func FuzzMask(f *testing.F) {
	f.Add("status code: 403, key AKIDEXAMPLE", "secret_access_key", "wJalrXUtnFEMI/K7MDENG", "https://u:p4ssw0rd@host/?X-Amz-Signature=abcdef")
	f.Add("", "pass", "a b", "")
	f.Fuzz(func(t *testing.T, before, key, value, after string) {
		// Secrets of the shape that they have: what a separator is within them is for TestMask.
		if separator.MatchString(value) || len(value) < 5 || value == "https" || value == "false" || strings.Contains(value, "*") || strings.ContainsAny(value, "?\u2026") || strings.Join(strings.Fields(value), "") != value {
			return
		}
		masked := Mask(before+" "+value+" "+after, Config{"s3": {"pass_" + filepath.Base(key): value}})
		if strings.Contains(masked, value) {
			t.Errorf("%q in %q", value, masked)
		}
	})
}

// writeText writes a note as somebody else may.
func (q queue) writeText(far string, text []byte) error {
	return os.WriteFile(q.path(far, closedEnding), text, 0o600)
}
