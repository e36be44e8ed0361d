package settings

import "strconv"

// largestBytes is Number.MAX_SAFE_INTEGER, the limit of src/quantity.ts.
const largestBytes = 1<<53 - 1

// ParseQuantity reads a Kubernetes quantity in whole bytes: 16Mi, 64M or 1048576.
func ParseQuantity(text string) (bytes int64, ok bool) {
	digits := leadingDigits(text)
	if digits == 0 || digits > 16 {
		return 0, false
	}
	unit, ok := unitBytes(text[digits:])
	if !ok {
		return 0, false
	}
	amount, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil || amount > largestBytes/unit {
		return 0, false
	}
	return amount * unit, true
}

func unitBytes(suffix string) (int64, bool) {
	switch suffix {
	case "":
		return 1, true
	case "k":
		return 1e3, true
	case "M":
		return 1e6, true
	case "G":
		return 1e9, true
	case "T":
		return 1e12, true
	case "Ki":
		return 1 << 10, true
	case "Mi":
		return 1 << 20, true
	case "Gi":
		return 1 << 30, true
	case "Ti":
		return 1 << 40, true
	}
	return 0, false
}

// leadingDigits counts the ASCII digits at the start of a text.
func leadingDigits(text string) int {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return i
		}
	}
	return len(text)
}
