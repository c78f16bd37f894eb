package recording

import (
	"fmt"
	"slices"
)

// binMS is the width of a bin in milliseconds. Neither of the file formats
// carries it: it is a property of the experiment (Marre et al. 2017).
const binMS = 20

// Recording is a whole file: repeats × neurons × bins of 0 and 1, bit-packed
// by neuron. It never changes once made, so goroutines may share it.
type Recording struct {
	name          string
	repeats, bins int
	trains        []func() bitset // by neuron; the surrogate makes one when it is first asked for
	notices       []string
}

// Repeats returns how often the stimulus was shown.
func (r *Recording) Repeats() int { return r.repeats }

// Neurons returns the number of cells; cells are counted from 0.
func (r *Recording) Neurons() int { return len(r.trains) }

// Bins returns the number of bins in one repeat.
func (r *Recording) Bins() int { return r.bins }

// BinMS returns the width of a bin in milliseconds.
func (r *Recording) BinMS() float64 { return binMS }

// Name returns what tables and figures call the data: the file's base name, or
// "surrogate".
func (r *Recording) Name() string { return r.name }

// Shape returns what the axes are taken for: "297 repeats × 160 neurons × 952
// bins of 20 ms".
func (r *Recording) Shape() string {
	return fmt.Sprintf("%s × %s × %s of %g ms", plural(int64(r.repeats), "repeat"),
		plural(int64(r.Neurons()), "neuron"), plural(int64(r.bins), "bin"), r.BinMS())
}

// Warnings returns signs that the axes are in another order, one sentence each,
// for windows of that many time steps.
func (r *Recording) Warnings(timesteps int) []string {
	const ask = "are the axes in this order: repeats × neurons × bins?"
	var signs []string
	if r.Neurons() > r.bins {
		signs = append(signs, fmt.Sprintf("there are more neurons (%d) than bins (%d): %s", r.Neurons(), r.bins, ask))
	}
	if r.bins < 2*timesteps {
		signs = append(signs, fmt.Sprintf("a repeat has %s, fewer than two windows of %s: %s",
			plural(int64(r.bins), "bin"), plural(int64(timesteps), "time step"), ask))
	}
	return signs
}

// Notices returns what was changed while reading, one sentence each: a dropped
// empty last bin, clipped counts.
func (r *Recording) Notices() []string { return slices.Clone(r.notices) }

// Spikes returns the number of bins, over all repeats, in which the cell fired.
// It panics if there is no such cell.
func (r *Recording) Spikes(cell int) int { return r.trains[cell]().count() }
