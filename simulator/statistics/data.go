package statistics

import "spiqsweep/simulator/random"

// Data holds the statistics of a recording's windows, which models are compared
// with, and the floor of every error against them. It depends only on the
// recording, the length of the windows and the splits, so all tasks with equal
// ones share one Data. It must not be modified.
type Data struct {
	Statistics Statistics
	// Floors holds the expected errors of the true law against this recording,
	// under the names of Errors; js_k_probability_bits has no floor.
	Floors map[string]float64
	// Deviations[error][draw·elements + element] is how far an element of an error's
	// statistic moves in one of BootstrapDraws draws of the repeats, for Intervals; nil
	// below three repeats. It takes at most 4.9 MB, at 20 neurons and 1000 time steps.
	Deviations map[string][]float32
}

// FloorSplits is the number of random splits that a floor is averaged over.
const FloorSplits = 200

// NewData returns the statistics, floors and deviations of a recording. The seed
// determines the splits and draws; tasks with the same seed get the same ones. A
// recording of fewer than two repeats has no floors, one of fewer than three no
// deviations.
func NewData(w RepeatedWindows, splits int, seed random.Stream) Data {
	c := count(w)
	return Data{c.all.statistics(), c.floors(w.Repeats()/2, w.Repeats(), splits, seed), c.bootstrap(seed)}
}

// NewHeldout returns the statistics and deviations of the held-out repeats of a
// recording. Its floors come from splits of all repeats into parts of the sizes of
// train and heldout.
func NewHeldout(train, heldout RepeatedWindows, splits int, seed random.Stream) Data {
	c := count(heldout)
	return Data{
		c.all.statistics(),
		count(train, heldout).floors(train.Repeats(), heldout.Repeats(), splits, seed),
		c.bootstrap(seed),
	}
}

// recordings enumerates the repeats of recordings whose windows have the same
// shape. It reads them one at a time, so that the memory for counting does not
// grow with their number.
type recordings []RepeatedWindows

// len returns the number of repeats.
func (r recordings) len() int {
	n := 0
	for _, w := range r {
		n += w.Repeats()
	}
	return n
}

// each calls visit with the index, over all recordings, and the bins of every
// segment of each repeat. The bins are valid until visit returns.
func (r recordings) each(visit func(repeat int, segments [][]uint32)) {
	before := 0
	for _, w := range r {
		EachRepeat(w, func(repeat int, segments [][]uint32) { visit(before+repeat, segments) })
		before += w.Repeats()
	}
}

// blockBytes bounds the memory for counts of single repeats.
const blockBytes = 16 << 20

// counts counts the windows of a recording by repeat. It keeps the counts of as
// many repeats as fit blockBytes. Most recordings fit, and are counted once;
// larger ones are counted again in every pass.
type counts struct {
	recordings
	all   *tally
	first int      // index of the block's first repeat
	block []repeat // consecutive repeats
	used  int      // bytes of the block
	words []uint32 // scratch
}

// count counts the windows of recordings of one shape.
func count(r ...RepeatedWindows) *counts {
	c := &counts{recordings: r, all: newTally(shapeOf(r[0]))}
	c.eachBlock(func() {
		for i := range c.block {
			c.all.addRepeat(&c.block[i])
		}
	})
	return c
}

// eachBlock calls visit once for each block of repeats, held in c.first and
// c.block.
func (c *counts) eachBlock(visit func()) {
	if len(c.block) < c.len() || c.len() == 0 {
		c.restart(0)
		c.each(func(number int, segments [][]uint32) {
			if c.used > blockBytes {
				visit()
				c.restart(number)
			}
			c.append(segments)
		})
	}
	visit()
}

// restart empties the block but keeps its memory.
func (c *counts) restart(first int) { c.first, c.block, c.used = first, c.block[:0], 0 }

// append counts a repeat and adds it to the block.
func (c *counts) append(segments [][]uint32) {
	if len(c.block) == cap(c.block) {
		c.block = append(c.block, repeat{sums: newSums(c.all.shape)})
	} else if c.block = c.block[:len(c.block)+1]; c.block[len(c.block)-1].all == nil {
		c.block[len(c.block)-1].sums = newSums(c.all.shape)
	}
	r := &c.block[len(c.block)-1]
	c.words = r.count(segments, c.words[:0])
	c.used += repeatBytes + 8*(len(r.all)+len(r.states))
}

// repeatBytes is the approximate size of a repeat without its slices' contents.
const repeatBytes = 320
