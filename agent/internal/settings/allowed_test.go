package settings

import "testing"

func TestAllowedDestinations(t *testing.T) {
	platform := Platform{
		Defaults: Values{"stream": "default.obs:1"},
		AllowedDestinations: map[string][]string{
			"stream": {"collector.obs:57012", "*.lab:*", "[fd00::1]:57012", "*:9"},
			"mirror": {"collector:4789"},
			"upload": {"s3:captures/*", "gcs:one", "az:*"},
		},
	}
	cases := []struct {
		setting, value string
		allowed        bool
	}{
		{"stream", "collector.obs:57012", true},
		{"stream", "Collector.OBS:57012", true},
		{"stream", "collector.obs:57013", false},
		{"stream", "collector.obs.evil:57012", false},
		{"stream", "a.lab:1", true},
		{"stream", "a.b.lab:1", true},
		{"stream", "lab:1", false},
		{"stream", "evillab:1", false},
		{"stream", "[fd00::1]:57012", true},
		{"stream", "[FD00::1]:57012", true},
		{"stream", "[fd00::2]:57012", false},
		{"stream", "anything:9", true},
		{"stream", "default.obs:1", true},
		{"mirror", "vxlan://collector", true},
		{"mirror", "vxlan://collector:4789?vni=7", true},
		{"mirror", "vxlan://collector:4790", false},
		{"mirror", "vxlan://evil", false},
		{"upload", "s3:captures/a/b", true},
		{"upload", "s3:captures/", true},
		{"upload", "s3:captures", false},
		{"upload", "s3:captures2/a", false},
		{"upload", "s3:captures/../other", false},
		{"upload", "s3:captures/a/./b", false},
		{"upload", "s3:captures/..a", true},
		{"upload", "gcs:one", true},
		{"upload", "gcs:one/two", false},
		{"upload", "az:", true},
		{"upload", "az:x", true},
		{"upload", "az:..", false},
	}
	for _, c := range cases {
		s, invalid := Parse(Values{c.setting: c.value}, platform)
		if c.allowed != (len(invalid) == 0) {
			t.Errorf("%s=%s: %v", c.setting, c.value, invalid)
		}
		set := map[string]bool{"stream": s.Stream != nil, "mirror": s.Mirror != nil, "upload": s.Upload != ""}
		if set[c.setting] != c.allowed {
			t.Errorf("%s=%s: %+v", c.setting, c.value, s)
		}
		if Stopped(invalid) {
			t.Errorf("%s=%s stops the capture", c.setting, c.value)
		}
	}
}

// A destination without its list could go anywhere, and one without a rule for its patterns nowhere.
func TestEachDestinationHasAListAndARule(t *testing.T) {
	lists := map[string]bool{}
	for _, list := range AllowedLists {
		lists[list.Setting] = true
	}
	for _, setting := range Table {
		if setting.Destination && (!lists[setting.Name] || matching[setting.Name] == nil) {
			t.Errorf("%s has no list of what is allowed, or nothing that matches its patterns", setting.Name)
		}
	}
}

func TestNoDestinationIsAllowed(t *testing.T) {
	environment := map[string]string{
		"PACKET_CAPTURE_ALLOWED_STREAMS": "", "PACKET_CAPTURE_ALLOWED_MIRRORS": "", "PACKET_CAPTURE_ALLOWED_UPLOADS": "",
	}
	platform := PlatformOf(func(name string) (string, bool) { value, ok := environment[name]; return value, ok })
	s, invalid := Parse(Values{"stream": "a:1", "mirror": "vxlan://a", "upload": "s3:a"}, platform)
	if len(invalid) != 3 || s.Stream != nil || s.Mirror != nil || s.Upload != "" {
		t.Errorf("%+v, %v", s, invalid)
	}
	if invalid[0].Reason != "must be a destination that the release allows: there is none" {
		t.Error(invalid[0].Reason)
	}
	if _, invalid := Parse(Values{}, platform); len(invalid) > 0 {
		t.Error(invalid)
	}
}

func TestAnAnnotationOfALockedSettingHasNoEffect(t *testing.T) {
	platform := Platform{Defaults: Values{"filter": "tcp port 80", "stream": "collector:1"}, AllowedSettings: []string{"state", "duration"}}
	values := Values{"state": "idle", "filter": "", "interfaces": "lo", "stream": "evil:1", "snaplen": "96"}
	s, invalid := Parse(values, platform)
	if Stopped(invalid) || len(invalid) != 3 {
		t.Errorf("%v", invalid)
	}
	if s.Filter != "tcp port 80" || !s.Interfaces.All || s.Stream.Host != "collector" || s.Snaplen.Bytes != 0 || !s.Idle {
		t.Errorf("%+v", s)
	}
	inForce := platform.InForce(platform.Effective(values))
	for name, want := range map[string]string{"filter": "tcp port 80", "stream": "collector:1", "interfaces": "all", "snaplen": "0", "state": "idle"} {
		if inForce[name] != want {
			t.Errorf("%s: %q is in force, not %q", name, inForce[name], want)
		}
	}
	if want := "must stay as the release has it: annotations may change state, duration"; invalid[0].Reason != want {
		t.Error(invalid[0].Reason)
	}
}

func TestTheBufferHasALimit(t *testing.T) {
	for value, want := range map[string]string{"64Mi": "", "65Mi": "must be at most 64Mi", "2047Mi": "must be at most 64Mi"} {
		if _, invalid := Parse(Values{"buffer-size": value}, Platform{}); (want == "") != (len(invalid) == 0) || want != "" && invalid[0].Reason != want {
			t.Errorf("%s: %v", value, invalid)
		}
	}
	limits := map[string]int64{"": DefaultBufferLimit, "128Mi": 128 << 20, "1Ti": LargestBufferLimit, "much": DefaultBufferLimit, "1Mi": 1 << 20}
	for text, want := range limits {
		platform := PlatformOf(func(name string) (string, bool) { return text, name == "PACKET_CAPTURE_BUFFER_LIMIT" })
		if platform.BufferLimit != want {
			t.Errorf("%q is %d, not %d", text, platform.BufferLimit, want)
		}
	}
}

// A release with a smaller limit than the default buffer would capture nothing at all with it.
func TestADefaultBeyondTheLimit(t *testing.T) {
	_, invalid := Parse(Values{}, Platform{BufferLimit: 1 << 20})
	if len(invalid) != 1 || invalid[0].Reason != "must be at most 1Mi" {
		t.Error(invalid)
	}
}

// rclone takes credentials in a destination, and one that is refused is shown nowhere.
func TestACredentialIsNotShown(t *testing.T) {
	for _, platform := range []Platform{{}, {AllowedSettings: []string{}}} {
		_, invalid := Parse(Values{"upload": ":s3,secret_access_key=hunter2:bucket"}, platform)
		if len(invalid) != 1 || invalid[0].Value != "" {
			t.Errorf("%+v", invalid)
		}
	}
	if IsSecret("upload", "s3:bucket") || IsSecret("filter", ":x") {
		t.Error("what is no secret is taken for one")
	}
}
