package filter

// Instructions of classic BPF, as linux/filter.h and linux/bpf_common.h have them.
const (
	loadWord   = 0x20 // A = word at k
	loadHalf   = 0x28
	loadByte   = 0x30
	loadLength = 0x80 // A = length of the packet
	loadMemory = 0x60 // A = M[k]
	loadNumber = 0x00 // A = k

	loadWordX = 0x40 // A = word at X + k
	loadHalfX = 0x48
	loadByteX = 0x50

	setX       = 0x01 // X = k
	setXMemory = 0x61 // X = M[k]
	setXLength = 0x81
	setXHeader = 0xb1 // X = 4 * (byte at k & 15)

	store  = 0x02 // M[k] = A
	storeX = 0x03

	addNumber   = 0x04
	addX        = 0x0c
	subNumber   = 0x14
	subX        = 0x1c
	orX         = 0x4c
	andNumber   = 0x54
	leftShift   = 0x64
	rightShift  = 0x74
	moveToX     = 0x07 // X = A
	moveToA     = 0x87
	returnK     = 0x06
	returnA     = 0x16
	jumpAlways  = 0x05
	ifEqual     = 0x15 // A == k
	ifGreater   = 0x25 // A > k
	ifAtLeast   = 0x35 // A >= k
	ifAnyBit    = 0x45 // A & k
	ifGreaterX  = 0x2d // A > X
	ifAtLeastX  = 0x3d // A >= X
	classMask   = 0x07
	classLoad   = 0x00
	classLoadX  = 0x01
	classJump   = 0x05
	classReturn = 0x06
	modeMask    = 0xe0
	modeAbs     = 0x20
	modeInd     = 0x40
	modeHeader  = 0xa0
)

// Special offsets at which the kernel answers about a packet instead of its bytes (SKF_AD_* of linux/filter.h).
const (
	special         = 0xfffff000
	specialProtocol = special + 0
	specialType     = special + 4
)
