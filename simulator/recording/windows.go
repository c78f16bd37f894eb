package recording

import (
	"fmt"
	"math"
	"math/bits"
)

// Segment is a range of bins of every repeat: First, First+1, …, End−1.
type Segment struct{ First, End int }

// Windows gives access to all windows of consecutive bins within one segment of one
// repeat, with a stride of one bin. Training draws real samples uniformly from them.
// It is immutable and safe for concurrent use.
type Windows struct {
	raster     *Raster
	timesteps  int
	perRepeat  divisor
	perSegment []int   // windows of each segment
	starts     []int32 // first bin of each window of a repeat; nil: window i starts at bin i
	// bins holds the raster's words in as few bits as a power of 2 allows. Training
	// reads windows in random order; the packed form of a usual raster, at most
	// 560 KB, fits a processor's cache, and the words do not.
	bins []uint64
	bits uint // of a word in bins
}

// Windows returns the windows of timesteps bins, from 1 to r.Bins. The segment is
// the whole repeat.
func (r *Raster) Windows(timesteps int) (*Windows, error) {
	if err := CheckWindows(timesteps, r.Bins); err != nil {
		return nil, err
	}
	perRepeat := r.Bins - timesteps + 1
	return r.newWindows(timesteps, perRepeat, []int{perRepeat}, nil), nil
}

// WindowsIn returns the windows of timesteps bins that lie within the given segments
// of the repeats, such as those of HoldoutTime. Every segment must have at least
// timesteps bins. No window contains a bin outside the segments.
func (r *Raster) WindowsIn(segments []Segment, timesteps int) (*Windows, error) {
	starts, perSegment := []int32{}, []int(nil)
	for _, s := range segments {
		if s.First < 0 || s.First > s.End || s.End > r.Bins {
			return nil, fmt.Errorf("windows in bins %d to %d: a repeat has %s", s.First, s.End-1, plural(int64(r.Bins), "bin"))
		}
		if err := CheckWindows(timesteps, s.End-s.First); err != nil {
			return nil, err
		}
		last := s.End - timesteps
		for start := s.First; start <= last; start++ {
			starts = append(starts, int32(start))
		}
		perSegment = append(perSegment, last-s.First+1)
	}
	return r.newWindows(timesteps, len(starts), perSegment, starts), nil
}

// CheckWindows returns an error unless a repeat of that many bins has windows of
// that many time steps.
func CheckWindows(timesteps, bins int) error {
	if timesteps < 1 || timesteps > bins {
		return fmt.Errorf("windows of %s: a repeat has %s, so want 1 to %d",
			plural(int64(timesteps), "time step"), plural(int64(bins), "bin"), bins)
	}
	return nil
}

// newWindows returns perRepeat windows of every repeat.
func (r *Raster) newWindows(timesteps, perRepeat int, perSegment []int, starts []int32) *Windows {
	w := &Windows{raster: r, timesteps: timesteps, perRepeat: newDivisor(perRepeat), perSegment: perSegment, starts: starts, bits: 1}
	for w.bits < uint(r.Neurons) {
		w.bits *= 2
	}
	w.bins = make([]uint64, (uint(len(r.Words))*w.bits+63)/64)
	for i, word := range r.Words {
		at := uint(i) * w.bits
		w.bins[at/64] |= uint64(word) << (at % 64)
	}
	return w
}

// Len returns the number of windows, Repeats·PerRepeat.
func (w *Windows) Len() int { return w.raster.Repeats * w.perRepeat.number }

// Timesteps returns the number of bins in a window.
func (w *Windows) Timesteps() int { return w.timesteps }

// Neurons returns the number of neurons.
func (w *Windows) Neurons() int { return w.raster.Neurons }

// BinMS returns the width of a bin in milliseconds.
func (w *Windows) BinMS() float64 { return w.raster.BinMS }

// Repeats returns the number of repeats.
func (w *Windows) Repeats() int { return w.raster.Repeats }

// PerRepeat returns the number of windows in one repeat.
func (w *Windows) PerRepeat() int { return w.perRepeat.number }

// PerSegment returns the number of windows in each segment of a repeat. Together
// they are PerRepeat. It must not be modified.
func (w *Windows) PerSegment() []int { return w.perSegment }

// At copies window i into words, one word per bin. The windows are ordered by
// repeat, segment and first bin: without segments, i = repeat·PerRepeat + first bin.
// It panics unless 0 ≤ i < Len and words holds Timesteps words or more.
func (w *Windows) At(i int, words []uint32) { w.Copy(words, []int{i}) }

// Copy copies the windows with these numbers into words, [window][bin], like At.
func (w *Windows) Copy(words []uint32, windows []int) {
	count, bins, bits := uint(w.Len()), w.bins, w.bits
	mask, next := uint64(1)<<(bits%64)-1, 0
	for _, i := range windows {
		if uint(i) >= count {
			panic(fmt.Sprintf("recording: window %d of %d", i, count))
		}
		at := w.first(i)
		for end := next + w.timesteps; next < end; next++ {
			words[next] = uint32(bins[at/64] >> (at % 64) & mask)
			at += bits
		}
	}
}

// first returns where the first bin of window i begins in bins.
func (w *Windows) first(i int) uint {
	repeat, start := w.perRepeat.divide(i)
	if w.starts == nil { // a repeat has timesteps−1 more bins than windows
		return uint(i+repeat*(w.timesteps-1)) * w.bits
	}
	return uint(repeat*w.raster.Bins+int(w.starts[start])) * w.bits
}

// divisor divides by a constant number with a multiplication, because a division takes
// as long as reading a short window.
type divisor struct {
	number     int
	reciprocal uint64 // ⌊(2⁶⁴−1)/number⌋
}

// newDivisor returns the divisor number ≥ 0; that of 0 must not divide.
func newDivisor(number int) divisor { return divisor{number, math.MaxUint64 / uint64(max(number, 1))} }

// divide returns the quotient and the remainder of 0 ≤ i < 2³², for a number from 1 to
// 2³². The reciprocal is (2⁶⁴−r)/number with 1 ≤ r ≤ number, so that its product with
// i+1, in units of 2⁶⁴, is below (i+1)/number by more than 0 and at most by 1/number.
func (d divisor) divide(i int) (quotient, remainder int) {
	high, _ := bits.Mul64(uint64(i)+1, d.reciprocal)
	return int(high), i - int(high)*d.number
}
