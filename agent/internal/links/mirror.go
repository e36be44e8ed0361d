package links

// The interfaces that the mirror makes in the pod. They are not captured or mirrored.
const (
	MirrorTunnel   = "pcmirror0"
	MirrorEntrance = "pcmirror1"
	MirrorBehind   = "pcmirror2"
)

// OfMirror reports whether an interface with this name is one of the mirror's.
func OfMirror(name string) bool {
	return name == MirrorTunnel || name == MirrorEntrance || name == MirrorBehind
}
