package recording

import "slices"

// Raster is the activity of the chosen cells, all that a training needs: one
// word per bin, with neuron q in bit q.
type Raster struct {
	Neurons   int // 1 to MaxNeurons
	Repeats   int
	Bins      int      // per repeat
	Words     []uint32 // [repeat][bin], flattened
	NeuronIDs []int    // Cells[q] is the number of neuron q in the recording, counted from 0
	BinMS     float64  // width of a bin, milliseconds
}

// Raster returns the activity of the cells, which Select chose: cells[q]
// becomes neuron q. It panics if a cell does not exist or there are more than
// MaxNeurons.
func (r *Recording) Raster(cells []int) *Raster {
	if len(cells) > MaxNeurons {
		panic("recording: a raster of more than MaxNeurons cells")
	}
	words := make([]uint32, r.repeats*r.bins)
	for q, cell := range cells {
		train := r.trains[cell]()
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
		Neurons: len(cells), Repeats: r.repeats, Bins: r.bins,
		Words: words, NeuronIDs: slices.Clone(cells), BinMS: r.BinMS(),
	}
}
