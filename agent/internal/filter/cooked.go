package filter

// adaptCooked changes a program that was compiled for packets with a cooked header to one for a cooked socket, whose
// packets begin with their network header (fix_program in libpcap's pcap-linux.c).
func adaptCooked(program Program) (Program, error) {
	adapted := make(Program, len(program))
	copy(adapted, program)
	for i, one := range adapted {
		class, mode := one.Op&classMask, one.Op&modeMask
		loads := (class == classLoad || class == classLoadX) && (mode == modeAbs || mode == modeInd || mode == modeHeader)
		if !loads || one.K >= special {
			continue
		}
		switch {
		case one.K >= cookedHeader:
			adapted[i].K -= cookedHeader
		case one.K == 0:
			adapted[i].K = specialType
		case one.K == 14:
			adapted[i].K = specialProtocol
		default:
			return nil, &SyntaxError{Reason: "asks for bytes of the link header that this interface does not have"}
		}
	}
	return adapted, nil
}
