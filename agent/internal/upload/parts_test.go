package upload

import (
	"io"
	"maps"
	"strings"
	"testing"
)

func TestWorkload(t *testing.T) {
	cases := []struct {
		pod, want string
		labels    []string
	}{
		{"web-5d4f7c9b8-x2x4z", "web", []string{`app="web"`, `pod-template-hash="5d4f7c9b8"`}},
		{"db-12", "db", []string{`apps.kubernetes.io/pod-index="12"`, `controller-revision-hash="db-6f4"`, `statefulset.kubernetes.io/pod-name="db-12"`}},
		{"db-12", "db", []string{`apps.kubernetes.io/pod-index="12"`}},
		{"log-x2x4z", "log", []string{`controller-revision-hash="7d9c6b5f4"`, `pod-template-generation="1"`}},
		{"report-28374650-x2x4z", "report-28374650", []string{`batch.kubernetes.io/job-name="report-28374650"`, `job-name="report-28374650"`}},
		{"alone", "alone", []string{`app="web"`}},
		{"alone", "alone", nil},
		{"alone", "alone", []string{`batch.kubernetes.io/job-name="../up"`}},
		{"alone", "alone", []string{`batch.kubernetes.io/job-name=".."`}},
		{"web-1", "web-1", []string{`pod-template-hash="abc"`}},
	}
	for _, c := range cases {
		if got := Workload(c.pod, strings.Join(c.labels, "\n")); got != c.want {
			t.Errorf("%s %v: %s, not %s", c.pod, c.labels, got, c.want)
		}
	}
}

const secretConfig = `[s3]
type = s3
provider = AWS
region = eu-west-1
endpoint = https://s3.eu-west-1.example
access_key_id = AKIAEXAMPLEKEYID
secret_access_key=abc/def+ghi=jkl

[gcs]
type = google cloud storage
service_account_credentials = {"type":"service_account","private_key_id":"0123456789abcdef","private_key":"-----BEGIN\nMIIEvQ\n"}
[azure]
sas_url = https://account.blob.example/c?sv=2026&sig=c2lnbmF0dXJl%3D
[dav]
url = https://user:hunter22@dav.example/x
pass = 0bscured-Pass_word
bearer_token = last-line-without-an-end`

func TestMask(t *testing.T) {
	config, err := ParseConfig(secretConfig)
	if err != nil {
		t.Fatal(err)
	}
	cases := [][2]string{
		{`Get "https://bucket.s3.example/x?X-Amz-Signature=0a1b2c&X-Amz-Credential=AKIA": EOF`, `Get "https://bucket.s3.example/x?***": EOF`},
		{"InvalidAccessKeyId: AKIAEXAMPLEKEYID is not there", "InvalidAccessKeyId: *** is not there"},
		{"with abc/def+ghi", "with ***"},
		{"key 0123456789abcdef of nobody", "key *** of nobody"},
		{"sig c2lnbmF0dXJl%3D and 0bscured-Pass_word", "sig *** and ***"},
		{`Propfind "https://user:hunter22@dav.example/x": 401`, `Propfind "https://user:***@dav.example/x": 401`},
		{"token last-line-without-an-end", "token ***"},
		{"proxy hunter33", "proxy ***"},
		{"NoSuchBucket: The specified bucket does not exist status code: 404 in eu-west-1", "NoSuchBucket: The specified bucket does not exist status code: 404 in eu-west-1"},
		{"two\n\tlines", "two lines"},
		{strings.Repeat("ü", 500), strings.Repeat("ü", 400) + "…"},
	}
	for _, c := range cases {
		if got := Mask(c[0], config, "hunter33"); got != c[1] {
			t.Errorf("%q: %q, not %q", c[0], got, c[1])
		}
	}
}

func TestParseConfig(t *testing.T) {
	config, err := ParseConfig("\ufeff# a comment\r\n; another\n\n[ one ]\n key = value = with = signs \nother: x\nquoted = `  space  `\n[two]\n[one]\nlater = 1\n")
	want := Config{"one": {"key": "value = with = signs", "other": "x", "quoted": "  space  ", "later": "1"}, "two": {}}
	if err != nil || !maps.EqualFunc(config, want, maps.Equal) {
		t.Errorf("%v %v", config, err)
	}
	for text, want := range map[string]string{
		"key = value\n":                      "line 1 of rclone.conf",
		"[a]\nnonsense secret\n":             "line 2 of rclone.conf",
		"# Encrypted\nRCLONE_ENCRYPT_V0:\nx": "is encrypted with a password",
	} {
		if _, err := ParseConfig(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWhatWouldRunAProgramOrLeadElsewhereIsRefused(t *testing.T) {
	for _, lines := range []string{
		"type = webdav\nbearer_token_command = sh -c id", "type = sftp\nssh = ssh -x", "type = s3\ncredential_process = x", "type = s3\nprofile = x",
		"type = s3\nshared_credentials_file = /captures/x", "type = s3\nenv_auth = true", "type = azureblob\nuse_az = true", "type = s3\noverride.metadata_mapper = sh",
		"type = s3\nglobal.password_command = sh", "type = s3\noverride.http_proxy = http://x", "type = sftp\nhttp_proxy = x", "type = ftp\nsocks_proxy = x",
		"type = webdav\nunix_socket = /x", "type = webdav\nBearer-Token-Command = x", "type = x\nexternal_program = x", "type = local", "type = smb",
		"type = alias\nremote = /captures", "type = crypt\nremote = :local:/captures", "type = alias\nremote = nobody:x",
	} {
		config, err := ParseConfig("[x]\n" + lines)
		if err != nil {
			t.Fatal(err)
		}
		if err := config.Check(); err == nil || !strings.Contains(err.Error(), "[x]") || strings.Contains(err.Error(), "id") && strings.Contains(err.Error(), "-c") {
			t.Errorf("%q: %v", lines, err)
		}
	}
	config, _ := ParseConfig(secretConfig + "\n[c]\ntype = crypt\nremote = s3:bucket\n[ssh]\ntype = sftp\nserver_command = x\nmd5sum_command = md5sum\n")
	if err := config.Check(); err != nil {
		t.Error(err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(secretConfig)
	f.Fuzz(func(_ *testing.T, text string) {
		if config, err := ParseConfig(text); err == nil {
			_ = config.Check()
			_ = Mask("text", config)
		}
	})
}

// As os/exec copies a process's output.
func TestTailKeepsNoMoreThanItMay(t *testing.T) {
	text := &tail{}
	n, err := io.Copy(text, io.LimitReader(strings.NewReader(strings.Repeat("0123456789", 100_000)), 999_999))
	if n != 999_999 || err != nil || len(text.kept) != maxSaid || cap(text.kept) > 1<<17 || !strings.HasSuffix(text.String(), "78") {
		t.Errorf("%d bytes copied, %d kept, %v", n, len(text.kept), err)
	}
}
