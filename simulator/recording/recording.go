package recording

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// DefaultBinMS is the width of a bin in milliseconds where none is given: that of Marre
// et al. (2017), and of the surrogate. No array format carries it.
const DefaultBinMS = 20

// Recording holds all neurons of a recording: repeats × neurons × bins of 0 and
// 1, bit-packed by neuron. It is immutable and safe for concurrent use.
type Recording struct {
	name          string
	repeats, bins int
	binMS         float64
	format, axes  string          // of the file; "" for none
	trains        []func() bitset // by neuron; the surrogate generates each on first use
	notices       []string
}

// Repeats returns the number of presentations of the stimulus.
func (r *Recording) Repeats() int { return r.repeats }

// Neurons returns the number of neurons. Their IDs count from 0.
func (r *Recording) Neurons() int { return len(r.trains) }

// Bins returns the number of bins in one repeat.
func (r *Recording) Bins() int { return r.bins }

// BinMS returns the width of a bin in milliseconds.
func (r *Recording) BinMS() float64 { return r.binMS }

// Name returns the name of the data in tables and figures: the base name of the
// file, or "surrogate".
func (r *Recording) Name() string { return r.name }

// Format describes how the data were stored, such as ".npy" or "MATLAB v5, variable bint"; ""
// for data that were not read from a file.
func (r *Recording) Format() string { return r.format }

// Axes returns the order of the axes in the file, as Options.Axes; "" for data that were not
// read from a file.
func (r *Recording) Axes() string { return r.axes }

// Shape describes the axes: "297 repeats × 160 neurons × 952 bins of 20 ms".
func (r *Recording) Shape() string {
	return fmt.Sprintf("%s × %s × %s of %g ms", plural(int64(r.repeats), "repeat"),
		plural(int64(r.Neurons()), "neuron"), plural(int64(r.bins), "bin"), r.BinMS())
}

// Warnings returns one sentence for each sign that the file stores the axes in
// another order. timesteps is the length of the windows to be drawn, in bins.
func (r *Recording) Warnings(timesteps int) []string {
	ask := fmt.Sprintf("are the axes in this order: %s? If not, set axes", strings.ReplaceAll(cmp.Or(r.axes, DefaultAxes), ",", " × "))
	var signs []string
	if r.Neurons() > r.bins {
		signs = append(signs, fmt.Sprintf("there are more neurons (%d) than bins (%d): %s", r.Neurons(), r.bins, ask))
	}
	if byRepeat, byNeuron := r.spread(); byRepeat > max(leastSpread, spreadFactor*byNeuron) {
		signs = append(signs, fmt.Sprintf("numbers of spikes differ between repeats more than between neurons: %s", ask))
	}
	if r.bins < 2*timesteps {
		signs = append(signs, fmt.Sprintf("a repeat of %s is shorter than two windows of %s: %s",
			plural(int64(r.bins), "bin"), plural(int64(timesteps), "bin"), ask))
	}
	return signs
}

// Rates of neurons differ by factors, those of repeats of one stimulus by little. Repeats whose
// spread is at least leastSpread, and spreadFactor times that of the neurons, are probably
// neurons.
const (
	leastSpread  = 0.1
	spreadFactor = 4
)

// spread returns the relative variance of the numbers of spikes of the repeats, and of the
// neurons, beyond that of independent spikes.
func (r *Recording) spread() (byRepeat, byNeuron float64) {
	repeats, neurons := make([]float64, r.repeats), make([]float64, r.Neurons())
	for id, train := range r.trains {
		spikes := train()
		for repeat := range repeats {
			n := float64(spikes.countIn(repeat, r.bins))
			repeats[repeat] += n
			neurons[id] += n
		}
	}
	excess := func(counts []float64) float64 {
		mean, variance := stat.MeanVariance(counts, nil)
		if len(counts) < 2 || mean == 0 {
			return 0
		}
		return max(0, (variance-mean)/(mean*mean))
	}
	return excess(repeats), excess(neurons)
}

// Notices returns one sentence for each change that Open made to the data: a
// dropped empty last bin, clipped counts.
func (r *Recording) Notices() []string { return slices.Clone(r.notices) }

// Silent reports whether none of the neurons with these IDs, or of all neurons for nil, has a
// spike in any repeat. It panics if an ID is out of range.
func (r *Recording) Silent(ids []int) bool {
	if ids == nil {
		ids = countUp(r.Neurons())
	}
	return !slices.ContainsFunc(ids, func(id int) bool { return r.Spikes(id) > 0 })
}

// Spikes returns the number of bins, over all repeats, in which the neuron
// fired. It panics if the ID is out of range.
func (r *Recording) Spikes(id int) int { return r.trains[id]().count() }

// New returns a recording held in memory. It calls spike once for every bin.
// name identifies the data in tables and figures. A bin lasts DefaultBinMS. New fails if a size is below 1
// or the shape exceeds the bounds of Open; Options.Limit does not apply.
func New(name string, repeats, neurons, bins int, spike func(repeat, neuron, bin int) bool) (*Recording, error) {
	b, err := newBuilder(repeats, neurons, bins)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	for neuron := range neurons {
		for repeat := range repeats {
			for bin := range bins {
				if spike(repeat, neuron, bin) {
					b.set(repeat, neuron, bin)
				}
			}
		}
	}
	return b.recording(name), nil
}

// builder collects spikes.
type builder struct {
	repeats, bins int
	trains        []bitset // by neuron
}

func newBuilder(repeats, neurons, bins int) (*builder, error) {
	if err := checkShape(int64(repeats), int64(neurons), int64(bins), math.MaxInt64, askAxes); err != nil {
		return nil, err
	}
	b := &builder{repeats: repeats, bins: bins, trains: make([]bitset, neurons)}
	for i := range b.trains {
		b.trains[i] = newBitset(repeats, bins)
	}
	return b, nil
}

func (b *builder) set(repeat, neuron, bin int) { b.trains[neuron].set(repeat, bin) }

// dropEmptyLastBin drops the last bin if no neuron fires in it in any repeat,
// an artefact of some files. It reports whether it dropped the bin.
func (b *builder) dropEmptyLastBin() bool {
	if b.bins < 2 {
		return false
	}
	for _, train := range b.trains {
		for repeat := range b.repeats {
			if train.get(repeat, b.bins-1) {
				return false
			}
		}
	}
	b.bins--
	return true
}

func (b *builder) recording(name string) *Recording {
	r := &Recording{name: name, repeats: b.repeats, bins: b.bins, binMS: DefaultBinMS}
	for _, train := range b.trains {
		r.trains = append(r.trains, func() bitset { return train })
	}
	return r
}

// bitset holds one neuron's bins, one bit each, repeat after repeat.
type bitset struct {
	words  []uint64
	stride int // bins from one repeat to the next; a dropped last bin stays in place
}

func newBitset(repeats, bins int) bitset {
	return bitset{words: make([]uint64, (repeats*bins+63)/64), stride: bins}
}

func (b bitset) set(repeat, bin int) {
	i := repeat*b.stride + bin
	b.words[i/64] |= 1 << (i % 64)
}

func (b bitset) get(repeat, bin int) bool {
	i := repeat*b.stride + bin
	return b.words[i/64]>>(i%64)&1 != 0
}

// countIn returns the number of ones in the first bins of a repeat.
func (b bitset) countIn(repeat, bins int) int {
	first, end := repeat*b.stride, repeat*b.stride+bins
	n := 0
	for i := first / 64; i*64 < end; i++ {
		word := b.words[i]
		if i*64 < first {
			word &= math.MaxUint64 << (first % 64)
		}
		if rest := end - i*64; rest < 64 {
			word &= 1<<rest - 1
		}
		n += bits.OnesCount64(word)
	}
	return n
}

// count returns the number of ones.
func (b bitset) count() int {
	n := 0
	for _, w := range b.words {
		n += bits.OnesCount64(w)
	}
	return n
}
