package links

// The interfaces that the mirror makes in the pod. They are none of the pod's own: nothing captures or mirrors them.
const (
	MirrorTunnel   = "pcmirror0"
	MirrorEntrance = "pcmirror1"
	MirrorBehind   = "pcmirror2"
)

// OfMirror says whether an interface of this name is one of the mirror's.
func OfMirror(name string) bool {
	return name == MirrorTunnel || name == MirrorEntrance || name == MirrorBehind
}
