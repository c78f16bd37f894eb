package statistics

// Windows is a list of windows of equal weight, real or generated.
type Windows interface {
	Len() int
	Neurons() int   // 1 … 20
	Timesteps() int // ≥ 1
	// At fills words with window i: one word per time step, bit q = neuron q.
	At(i int, words []uint32)
}

// RepeatedWindows lists all stride-1 windows of a recording whose repeats consist of
// the same segments of consecutive bins. Window i belongs to repeat i / PerRepeat.
// The windows of a repeat are ordered by segment and first bin. *recording.Windows
// implements it.
type RepeatedWindows interface {
	Windows
	Repeats() int
	PerRepeat() int
	PerSegment() []int // windows of each segment of a repeat, each ≥ 1; PerRepeat together
	BinMS() float64    // width of a bin, milliseconds
}

// EachRepeat calls visit with the bins of every segment of every repeat, one word
// per bin. The bins are valid until visit returns.
func EachRepeat(w RepeatedWindows, visit func(repeat int, segments [][]uint32)) {
	length := w.Timesteps()
	segments := make([][]uint32, len(w.PerSegment()))
	for i, windows := range w.PerSegment() {
		segments[i] = make([]uint32, windows-1+length)
	}
	for repeat := range w.Repeats() {
		first := repeat * w.PerRepeat()
		for _, bins := range segments {
			last := len(bins) - length
			for start := 0; start < last; start += length {
				w.At(first+start, bins[start:start+length])
			}
			w.At(first+last, bins[last:])
			first += last + 1
		}
		visit(repeat, segments)
	}
}

func shapeOf(w Windows) shape { return shape{w.Neurons(), w.Timesteps()} }

// OfWindows returns the statistics of the windows. Without windows all are
// undefined. NewData is many times faster for the windows of a recording.
func OfWindows(w Windows) Statistics {
	counted := newTally(shapeOf(w))
	words := make([]uint32, w.Timesteps())
	for i := range w.Len() {
		w.At(i, words)
		counted.count(words)
	}
	return counted.statistics()
}

// SampleWindows implements Windows for the samples of a model.
type SampleWindows struct {
	neurons, timesteps int
	windows            [][]uint32
}

// NewSampleWindows returns SampleWindows of windows[sample][time step]. Bit q of
// each word is neuron q. All samples must have the same number of time steps.
func NewSampleWindows(neurons, timesteps int, windows [][]uint32) SampleWindows {
	return SampleWindows{neurons, timesteps, windows}
}

// Len returns the number of samples.
func (s SampleWindows) Len() int { return len(s.windows) }

// Neurons returns the number of neurons.
func (s SampleWindows) Neurons() int { return s.neurons }

// Timesteps returns the number of time steps of a sample.
func (s SampleWindows) Timesteps() int { return s.timesteps }

// At copies sample i into words, one word per time step.
func (s SampleWindows) At(i int, words []uint32) { copy(words, s.windows[i]) }
