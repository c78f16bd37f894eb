package recording

import "fmt"

// Windows gives access to all windows of consecutive bins within one repeat, with
// a stride of one bin. Training draws real samples uniformly from them. It is
// immutable and safe for concurrent use.
type Windows struct {
	raster               *Raster
	timesteps, perRepeat int
	// bins holds the raster's words without their unused bits. Training reads
	// windows in random order; the packed form of a usual raster, about 250 KB,
	// fits a processor's cache, and the words do not.
	bins []uint64
}

// Windows returns the windows of timesteps bins, from 1 to r.Bins.
func (r *Raster) Windows(timesteps int) (*Windows, error) {
	if err := CheckWindows(timesteps, r.Bins); err != nil {
		return nil, err
	}
	return &Windows{raster: r, timesteps: timesteps, perRepeat: r.Bins - timesteps + 1, bins: r.packed()}, nil
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

// packed returns all words in sequence, Neurons bits each, and one spare word, so
// that At may always read two.
func (r *Raster) packed() []uint64 {
	packed := make([]uint64, len(r.Words)*r.Neurons/64+2)
	for i, word := range r.Words {
		at, shift := i*r.Neurons/64, i*r.Neurons%64
		packed[at] |= uint64(word) << shift
		packed[at+1] |= uint64(word) >> 1 >> (63 - shift)
	}
	return packed
}

// Len returns the number of windows, Repeats·PerRepeat.
func (w *Windows) Len() int { return w.raster.Repeats * w.perRepeat }

// Timesteps returns the number of bins in a window.
func (w *Windows) Timesteps() int { return w.timesteps }

// Neurons returns the number of neurons.
func (w *Windows) Neurons() int { return w.raster.Neurons }

// Repeats returns the number of repeats.
func (w *Windows) Repeats() int { return w.raster.Repeats }

// PerRepeat returns the number of windows in one repeat.
func (w *Windows) PerRepeat() int { return w.perRepeat }

// At copies window i = repeat·PerRepeat + first bin into words, one word per
// bin. It panics unless 0 ≤ i < Len and words holds Timesteps words or more.
func (w *Windows) At(i int, words []uint32) {
	if uint(i) >= uint(w.Len()) {
		panic(fmt.Sprintf("recording: window %d of %d", i, w.Len()))
	}
	n := w.raster.Neurons
	from := (i/w.perRepeat*w.raster.Bins + i%w.perRepeat) * n
	mask := uint64(1)<<n - 1
	for s := range words[:w.timesteps] {
		at, shift := from/64, from%64
		words[s] = uint32((w.bins[at]>>shift | w.bins[at+1]<<1<<(63-shift)) & mask)
		from += n
	}
}
