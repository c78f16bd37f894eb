package statistics

// Windows are windows of equal weight, real or generated.
type Windows interface {
	Len() int
	Neurons() int   // 1 … 16
	Timesteps() int // ≥ 1
	// At fills words with window i: one word per time step, bit q = neuron q.
	At(i int, words []uint32)
}

// RepeatedWindows are all stride-1 windows of a recording of equally long
// repeats: window i starts at bin i mod PerRepeat of repeat i / PerRepeat.
// *recording.Windows is one.
type RepeatedWindows interface {
	Windows
	Repeats() int
	PerRepeat() int
}

func shapeOf(w Windows) shape { return shape{w.Neurons(), w.Timesteps()} }

// OfWindows returns the statistics of the windows, all undefined if there are
// none. It takes any windows; NewData is many times faster for those of a recording.
func OfWindows(w Windows) Statistics {
	counted := newTally(shapeOf(w))
	words := make([]uint32, w.Timesteps())
	for i := range w.Len() {
		w.At(i, words)
		counted.count(words)
	}
	return counted.statistics()
}

// SampleWindows are generated windows, made by NewSampleWindows.
type SampleWindows struct {
	neurons, timesteps int
	windows            [][]uint32
}

// NewSampleWindows wraps windows[sample][time step], bit q of each word being neuron
// q, all of the same length.
func NewSampleWindows(neurons, timesteps int, windows [][]uint32) SampleWindows {
	return SampleWindows{neurons, timesteps, windows}
}

// Len returns the number of samples.
func (s SampleWindows) Len() int { return len(s.windows) }

// Neurons returns the number of neurons.
func (s SampleWindows) Neurons() int { return s.neurons }

// Timesteps returns the number of time steps of a sample.
func (s SampleWindows) Timesteps() int { return s.timesteps }

// At copies sample i into words.
func (s SampleWindows) At(i int, words []uint32) { copy(words, s.windows[i]) }
