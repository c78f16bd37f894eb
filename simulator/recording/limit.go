package recording

import (
	"errors"
	"fmt"
)

// DefaultLimit is the size, in bytes, up to which a recording is read unless
// Options.Limit says otherwise.
const DefaultLimit = 256 << 20

// ErrTooLarge is wrapped by the error of Open for a recording above
// Options.Limit. Nothing was reserved for it.
var ErrTooLarge = errors.New("the recording is too large")

// Bounds that no option raises. Larger numbers come from axes in another order.
const (
	// maxCells keeps what is stored per cell small beside the bits.
	maxCells = 1 << 16
	// maxWords bounds the bins of all repeats together, and so the memory of a
	// Raster: 4 bytes a bin. Encoded, 16 neurons take 16 MB, which one message holds.
	maxWords = 8_000_000
)

// checkShape checks that a shape is that of a recording and that its bits take
// at most limit bytes.
func checkShape(repeats, neurons, bins, limit int64) error {
	shape := fmt.Sprintf("%s × %s × %s", plural(repeats, "repeat"), plural(neurons, "neuron"), plural(bins, "bin"))
	if repeats < 1 || neurons < 1 || bins < 1 {
		return fmt.Errorf("%s: each must be at least 1", shape)
	}
	if neurons > maxCells {
		return fmt.Errorf("%s: at most %d neurons are accepted; are the axes in this order?", shape, maxCells)
	}
	if repeats > maxWords/bins {
		return fmt.Errorf("%s: at most %d bins are accepted, all repeats together; are the axes in this order?", shape, maxWords)
	}
	if size := (repeats*bins*neurons + 7) / 8; size > limit {
		return fmt.Errorf("%w: %s take %s, one bit each, and at most %s are accepted; are the axes in this order?",
			ErrTooLarge, shape, megabytes(size), megabytes(limit))
	}
	return nil
}

// plural prints "1 bin" or "2 bins".
func plural(n int64, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// megabytes prints a size, rounded up.
func megabytes(size int64) string { return fmt.Sprintf("%d MiB", (size+1<<20-1)>>20) }
