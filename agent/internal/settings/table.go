// Code generated from src/settings and src/sidecar by npm run docs. DO NOT EDIT.

package settings

// Setting is a row of the table.
type Setting struct {
	Name        string
	Type        string
	Default     string
	Environment string
	// Destination: packets go there besides the volume.
	Destination bool
	// Action: each value is done once, when it is first seen, and a release has no default.
	Action bool
	// Harmless: if the value is not valid, the capture goes on without it.
	Harmless bool
	Text     string
}

// Table has every setting, in the order of every listing.
var Table = []Setting{
	{Name: "state", Type: "state", Default: "running", Environment: "PACKET_CAPTURE_STATE", Text: "running captures; idle closes the file and waits at no cost"},
	{Name: "filter", Type: "text", Default: "", Environment: "PACKET_CAPTURE_FILTER", Text: "pcap-filter expression, for example \"tcp port 80\"; an invalid one captures nothing"},
	{Name: "interfaces", Type: "interfaces", Default: "all", Environment: "PACKET_CAPTURE_INTERFACES", Text: "interface names, comma separated; all: every interface that is up, except lo; any: lo too, as all,lo"},
	{Name: "snaplen", Type: "snaplen", Default: "0", Environment: "PACKET_CAPTURE_SNAPLEN", Text: "bytes kept of each packet; 0: whole packets; headers: link, network and transport headers, and no payload"},
	{Name: "file-size", Type: "bytes", Default: "16Mi", Environment: "PACKET_CAPTURE_FILE_SIZE", Text: "a file is closed at this size"},
	{Name: "file-count", Type: "count", Default: "8", Environment: "PACKET_CAPTURE_FILE_COUNT", Text: "files kept in the ring; the oldest goes first"},
	{Name: "rotate", Type: "duration", Default: "60s", Environment: "PACKET_CAPTURE_ROTATE", Text: "a file is closed after this time, with or without packets"},
	{Name: "duration", Type: "duration", Default: "", Environment: "PACKET_CAPTURE_DURATION", Text: "idle after this time"},
	{Name: "packet-count", Type: "count", Default: "", Environment: "PACKET_CAPTURE_PACKET_COUNT", Text: "idle after this many packets"},
	{Name: "buffer-size", Type: "buffer", Default: "4Mi", Environment: "PACKET_CAPTURE_BUFFER_SIZE", Text: "the kernel's packet buffer per interface; at most 64Mi, unless the release allows more"},
	{Name: "upload", Type: "remote", Default: "", Environment: "PACKET_CAPTURE_UPLOAD", Destination: true, Text: "an rclone destination for closed files, for example s3:bucket/prefix"},
	{Name: "stream", Type: "endpoint", Default: "", Environment: "PACKET_CAPTURE_STREAM", Destination: true, Text: "PCAP-over-IP push to a collector"},
	{Name: "mirror", Type: "mirror", Default: "", Environment: "PACKET_CAPTURE_MIRROR", Destination: true, Text: "live copy of the traffic, for example vxlan://host:4789?vni=42; privileged namespaces only, set before the pod is created"},
	{Name: "keep", Type: "keep", Default: "", Environment: "PACKET_CAPTURE_KEEP", Action: true, Harmless: true, Text: "keep the files of the last DURATION, or of a time window, until the pod is deleted; done once for each value"},
	{Name: "keep-size", Type: "bytes", Default: "64Mi", Environment: "PACKET_CAPTURE_KEEP_SIZE", Harmless: true, Text: "room for kept files, next to the ring"},
	{Name: "keep-on-exit", Type: "duration", Default: "", Environment: "PACKET_CAPTURE_KEEP_ON_EXIT", Harmless: true, Text: "keep the last DURATION when the pod is deleted, and upload it first"},
	{Name: "keep-port", Type: "port", Default: "", Environment: "PACKET_CAPTURE_KEEP_LISTEN", Harmless: true, Text: "port on 127.0.0.1 and ::1 where the apps of the pod may ask to keep files: POST /keep?last=10m"},
}

// AllowedList is a list by which a release limits what annotations may ask for.
type AllowedList struct {
	// Key is its name in sidecarconfig.yaml.
	Key string
	// Setting is the destination that it limits; empty for the list of settings.
	Setting     string
	Environment string
}

// AllowedLists has every list, see src/settings/allowedLists.ts.
var AllowedLists = []AllowedList{
	{Key: "allowedSettings", Setting: "", Environment: "PACKET_CAPTURE_ALLOWED_SETTINGS"},
	{Key: "allowedStreams", Setting: "stream", Environment: "PACKET_CAPTURE_ALLOWED_STREAMS"},
	{Key: "allowedMirrors", Setting: "mirror", Environment: "PACKET_CAPTURE_ALLOWED_MIRRORS"},
	{Key: "allowedUploads", Setting: "upload", Environment: "PACKET_CAPTURE_ALLOWED_UPLOADS"},
}

// Environment variables of the container, see src/settings/variables.ts.
const (
	FilesVariable         = "PACKET_CAPTURE_DIR"
	SettingsVariable      = "PACKET_CAPTURE_SETTINGS_DIR"
	SizeLimitVariable     = "PACKET_CAPTURE_SIZE_LIMIT"
	BufferLimitVariable   = "PACKET_CAPTURE_BUFFER_LIMIT"
	MetricsVariable       = "PACKET_CAPTURE_METRICS_LISTEN"
	UploadProxyVariable   = "PACKET_CAPTURE_UPLOAD_PROXY"
	UploadNoProxyVariable = "PACKET_CAPTURE_UPLOAD_NO_PROXY"
)

// Where the volumes are mounted, see src/sidecar/partNames.ts.
const (
	FilesPath    = "/captures"
	SettingsPath = "/etc/packet-capture/settings"
	UploadPath   = "/etc/packet-capture/upload"
)

// attachedDefaults take the place of the table's for an attached agent, see src/sidecar/attached.ts.
var attachedDefaults = Values{"state": "idle", "file-size": "16Mi", "file-count": "4"}

// notWhenAttached are the settings that an attached agent cannot have, see src/sidecar/attached.ts.
var notWhenAttached = []string{"upload", "mirror"}

// headersOnly is the value of snaplen that keeps only headers.
const headersOnly = "headers"

// longestText: see src/settings/bounds.ts.
const longestText = 16384

// longestRemote: see src/settings/bounds.ts.
const longestRemote = 1024

// longestReason: see src/settings/bounds.ts.
const longestReason = 1024

// longestNote: see src/settings/bounds.ts.
const longestNote = 1024

// largestSnaplen: see src/settings/bounds.ts.
const largestSnaplen = 262144

// leastBytes: see src/settings/bounds.ts.
const leastBytes = 1048576

// DefaultBufferLimit: see src/settings/bounds.ts.
const DefaultBufferLimit = 67108864

// LargestBufferLimit: see src/settings/bounds.ts.
const LargestBufferLimit = 2146435072

// mostSeconds: see src/settings/bounds.ts.
const mostSeconds = 31536000

// largestVNI: see src/settings/bounds.ts.
const largestVNI = 16777215

// defaultMirrorPort: see src/settings/bounds.ts.
const defaultMirrorPort = 4789
