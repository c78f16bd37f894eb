package recording

import (
	"errors"
	"fmt"
)

// DefaultLimit is the default of Options.Limit, in bytes.
const DefaultLimit = 256 << 20

// ErrTooLarge reports a recording above Options.Limit. Open checks the size
// before it allocates memory for the data.
var ErrTooLarge = errors.New("the recording is too large")

// Bounds that no option raises. Larger sizes result from axes in another order.
const (
	// maxNeurons keeps the memory per neuron small compared with the bits.
	maxNeurons = 1 << 16
	// maxWords bounds the bins of all repeats together, and so the memory of a
	// Raster, 4 bytes per bin. Encoded, 20 neurons take 20 MB and fit one message.
	maxWords = 8_000_000
)

// askAxes is the usual cause of a shape beyond the bounds.
const askAxes = "are the axes in this order?"

// checkShape checks a shape against the bounds above, and its size in bytes, at
// one bit per number, against limit. ask is a question that ends the message.
func checkShape(repeats, neurons, bins, limit int64, ask string) error {
	shape := fmt.Sprintf("%s × %s × %s", plural(repeats, "repeat"), plural(neurons, "neuron"), plural(bins, "bin"))
	if repeats < 1 || neurons < 1 || bins < 1 {
		return fmt.Errorf("%s: each must be at least 1", shape)
	}
	if neurons > maxNeurons {
		return fmt.Errorf("%s: at most %d neurons are accepted; %s", shape, maxNeurons, ask)
	}
	if repeats > maxWords/bins {
		return fmt.Errorf("%s: at most %d bins are accepted, all repeats together; %s", shape, maxWords, ask)
	}
	if size := (repeats*bins*neurons + 7) / 8; size > limit {
		return fmt.Errorf("%w: %s take %s, one bit each, and at most %s are accepted; %s",
			ErrTooLarge, shape, megabytes(size), megabytes(limit), ask)
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
