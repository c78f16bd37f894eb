package recording

import (
	"encoding/binary"
	"fmt"
)

// Segment is a range of bins of every repeat: First, First+1, …, End−1.
type Segment struct{ First, End int }

// Windows gives access to all windows of consecutive bins within one segment of one
// repeat, with a stride of one bin. Training draws real samples uniformly from them.
// It is immutable and safe for concurrent use.
type Windows struct {
	raster               *Raster
	timesteps, perRepeat int
	perSegment           []int   // windows of each segment
	starts               []int32 // first bin of each window of a repeat; nil: window i starts at bin i
	// bins holds the raster's words without their unused bits. Training reads
	// windows in random order; the packed form of a usual raster, about 250 KB,
	// fits a processor's cache, and the words do not.
	bins []byte
}

// Windows returns the windows of timesteps bins, from 1 to r.Bins. The segment is
// the whole repeat.
func (r *Raster) Windows(timesteps int) (*Windows, error) {
	if err := CheckWindows(timesteps, r.Bins); err != nil {
		return nil, err
	}
	perRepeat := r.Bins - timesteps + 1
	return &Windows{raster: r, timesteps: timesteps, perRepeat: perRepeat, perSegment: []int{perRepeat}, bins: r.packed()}, nil
}

// WindowsIn returns the windows of timesteps bins that lie within the given segments
// of the repeats, such as those of HoldoutTime. Every segment must have at least
// timesteps bins. No window contains a bin outside the segments.
func (r *Raster) WindowsIn(segments []Segment, timesteps int) (*Windows, error) {
	w := &Windows{raster: r, timesteps: timesteps, starts: []int32{}, bins: r.packed()}
	for _, s := range segments {
		if s.First < 0 || s.First > s.End || s.End > r.Bins {
			return nil, fmt.Errorf("windows in bins %d to %d: a repeat has %s", s.First, s.End-1, plural(int64(r.Bins), "bin"))
		}
		if err := CheckWindows(timesteps, s.End-s.First); err != nil {
			return nil, err
		}
		last := s.End - timesteps
		for start := s.First; start <= last; start++ {
			w.starts = append(w.starts, int32(start))
		}
		w.perSegment = append(w.perSegment, last-s.First+1)
	}
	w.perRepeat = len(w.starts)
	return w, nil
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

// packed returns all words in sequence, Neurons bits each, and some spare bytes, so
// that At may always read eight.
func (r *Raster) packed() []byte {
	packed := make([]byte, len(r.Words)*r.Neurons/8+8)
	for i, word := range r.Words {
		at := i * r.Neurons
		eight := packed[at/8:]
		binary.LittleEndian.PutUint64(eight, binary.LittleEndian.Uint64(eight)|uint64(word)<<(at%8))
	}
	return packed
}

// Len returns the number of windows, Repeats·PerRepeat.
func (w *Windows) Len() int { return w.raster.Repeats * w.perRepeat }

// Timesteps returns the number of bins in a window.
func (w *Windows) Timesteps() int { return w.timesteps }

// Neurons returns the number of neurons.
func (w *Windows) Neurons() int { return w.raster.Neurons }

// BinMS returns the width of a bin in milliseconds.
func (w *Windows) BinMS() float64 { return w.raster.BinMS }

// Repeats returns the number of repeats.
func (w *Windows) Repeats() int { return w.raster.Repeats }

// PerRepeat returns the number of windows in one repeat.
func (w *Windows) PerRepeat() int { return w.perRepeat }

// PerSegment returns the number of windows in each segment of a repeat. Together
// they are PerRepeat. It must not be modified.
func (w *Windows) PerSegment() []int { return w.perSegment }

// At copies window i into words, one word per bin. The windows are ordered by
// repeat, segment and first bin: without segments, i = repeat·PerRepeat + first bin.
// It panics unless 0 ≤ i < Len and words holds Timesteps words or more.
func (w *Windows) At(i int, words []uint32) {
	if uint(i) >= uint(w.Len()) {
		panic(fmt.Sprintf("recording: window %d of %d", i, w.Len()))
	}
	start := i % w.perRepeat
	if w.starts != nil {
		start = int(w.starts[start])
	}
	bins, n := w.bins, uint(w.raster.Neurons)
	at, mask := uint(i/w.perRepeat*w.raster.Bins+start)*n, uint64(1)<<n-1
	for s := range words[:w.timesteps] {
		words[s] = uint32(binary.LittleEndian.Uint64(bins[at/8:]) >> (at % 8) & mask)
		at += n
	}
}
