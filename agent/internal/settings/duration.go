package settings

import "strconv"

// parseSeconds reads a Go duration in whole hours, minutes and seconds: 60s, 1m30s or 2h.
func parseSeconds(text string) (seconds int64, ok bool) {
	if text == "" {
		return 0, false
	}
	for text != "" {
		digits := leadingDigits(text)
		if digits == 0 || digits > 9 || digits == len(text) {
			return 0, false
		}
		amount, err := strconv.ParseInt(text[:digits], 10, 64)
		if err != nil {
			return 0, false
		}
		switch text[digits] {
		case 'h':
			seconds += amount * 3600
		case 'm':
			seconds += amount * 60
		case 's':
			seconds += amount
		default:
			return 0, false
		}
		// The largest step from here stays below 2^63.
		if seconds > largestBytes {
			seconds = largestBytes + 1
		}
		text = text[digits+1:]
	}
	return seconds, seconds <= largestBytes
}
