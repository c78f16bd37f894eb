package recording

import "slices"

// Raster is the activity of the selected neurons, the data that a training run
// reads: one word per bin, bit q of which is neuron NeuronIDs[q].
type Raster struct {
	Neurons   int // 1 to MaxNeurons
	Repeats   int
	Bins      int      // per repeat
	Words     []uint32 // [repeat][bin], flattened
	NeuronIDs []int    // position of each neuron in the recording, counted from 0
	BinMS     float64  // width of a bin, milliseconds
}

// Raster returns the activity of the neurons with these IDs, usually the result
// of Select: bit q of each word is neuron ids[q]. It panics if an ID is out of
// range or if there are more than MaxNeurons.
func (r *Recording) Raster(ids []int) *Raster {
	if len(ids) > MaxNeurons {
		panic("recording: a raster of more than MaxNeurons neurons")
	}
	words := make([]uint32, r.repeats*r.bins)
	for q, id := range ids {
		train := r.trains[id]()
		for repeat := range r.repeats {
			row := words[repeat*r.bins : (repeat+1)*r.bins]
			for bin := range row {
				if train.get(repeat, bin) {
					row[bin] |= 1 << q
				}
			}
		}
	}
	return &Raster{
		Neurons: len(ids), Repeats: r.repeats, Bins: r.bins,
		Words: words, NeuronIDs: slices.Clone(ids), BinMS: r.BinMS(),
	}
}
