package wire

import (
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"
)

// MaxLabel bounds IDs, names and labels, in bytes.
const MaxLabel = 256

// IsDigest reports whether a text is a SHA-256 in lower-case hexadecimal.
func IsDigest(text string) bool {
	if len(text) != 64 {
		return false
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// IsLabel reports whether a text is printable, in one line, and not longer than MaxLabel.
func IsLabel(text string) bool {
	if len(text) > MaxLabel || !utf8.ValidString(text) {
		return false
	}
	for _, c := range text {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

func checkLabel(name, text string) error {
	if !IsLabel(text) {
		return fmt.Errorf("%s %.80q: must be at most %d bytes of printable text", name, text, MaxLabel)
	}
	return nil
}

func checkDigest(name, text string) error {
	if !IsDigest(text) {
		return fmt.Errorf("%s %.80q: must be a SHA-256 in lower-case hexadecimal", name, text)
	}
	return nil
}

// number converts a count or a position.
func number(name string, n uint64) (int, error) {
	if n > math.MaxInt32 {
		return 0, fmt.Errorf("%s = %d: must be at most %d", name, n, math.MaxInt32)
	}
	return int(n), nil
}
