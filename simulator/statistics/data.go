package statistics

import "spiqsweep/simulator/random"

// Data is the real side of every comparison: the statistics of a recording's
// windows, and the floor of every error against them. It depends on the
// recording, the length of the windows and the splits alone, so one Data serves
// all tasks that share these. It is read only.
type Data struct {
	Statistics Statistics
	// Floors has the names of Errors but js_k_probability_bits: the expected
	// error of the true law against this recording.
	Floors map[string]float64
}

// FloorSplits is the number of random splits behind a floor.
const FloorSplits = 200

// NewData returns the statistics and floors of a recording. The seed decides
// the splits: the same for every task that should see the same floors. With
// fewer than two repeats there is nothing to split, and no floor.
func NewData(w RepeatedWindows, splits int, seed random.Stream) Data {
	c := count(w)
	return Data{c.all.statistics(), c.floors(w.Repeats()/2, w.Repeats(), splits, seed)}
}

// NewHeldout returns the statistics of the held-out repeats of a recording,
// with floors from splits of all its repeats into as many as train and heldout
// have.
func NewHeldout(train, heldout RepeatedWindows, splits int, seed random.Stream) Data {
	return Data{
		count(heldout).all.statistics(),
		count(train, heldout).floors(train.Repeats(), heldout.Repeats(), splits, seed),
	}
}

// recorded is the repeats of recordings whose windows have one shape, numbered
// through. They are read one by one, so that the memory for counting them does
// not grow with their number.
type recorded []RepeatedWindows

// len returns the number of repeats.
func (r recorded) len() int {
	n := 0
	for _, w := range r {
		n += w.Repeats()
	}
	return n
}

// each calls visit with the number and the bins of every repeat. The bins are
// valid until visit returns.
func (r recorded) each(visit func(repeat int, bins []uint32)) {
	before := 0
	for _, w := range r {
		length, last := w.Timesteps(), w.PerRepeat()-1
		bins := make([]uint32, last+length)
		for repeat := range w.Repeats() {
			for start := 0; start < last; start += length {
				w.At(repeat*w.PerRepeat()+start, bins[start:start+length])
			}
			w.At(repeat*w.PerRepeat()+last, bins[last:])
			visit(before+repeat, bins)
		}
		before += w.Repeats()
	}
}

// blockBytes bounds the memory for counts of single repeats.
const blockBytes = 16 << 20

// counts are the windows of a recording, counted repeat by repeat. The counts
// of as many repeats as blockBytes hold are kept, so that those of most
// recordings are made once; all others are made again whenever they are needed.
type counts struct {
	recorded
	all   *tally
	first int      // repeat of the block
	block []repeat // consecutive repeats
	used  int      // bytes of the block
	words []uint32 // scratch
}

// count counts the windows of recordings of one shape.
func count(recordings ...RepeatedWindows) *counts {
	c := &counts{recorded: recordings, all: newTally(shapeOf(recordings[0]))}
	c.eachBlock(func() {
		for i := range c.block {
			c.all.addRepeat(&c.block[i])
		}
	})
	return c
}

// eachBlock calls visit with every block of repeats.
func (c *counts) eachBlock(visit func()) {
	if len(c.block) < c.len() || c.len() == 0 {
		c.restart(0)
		c.each(func(number int, bins []uint32) {
			if c.used > blockBytes {
				visit()
				c.restart(number)
			}
			c.append(bins)
		})
	}
	visit()
}

// restart empties the block but keeps its memory.
func (c *counts) restart(first int) { c.first, c.block, c.used = first, c.block[:0], 0 }

// append counts a repeat into the block.
func (c *counts) append(bins []uint32) {
	if len(c.block) == cap(c.block) {
		c.block = append(c.block, repeat{sums: newSums(c.all.shape)})
	} else if c.block = c.block[:len(c.block)+1]; c.block[len(c.block)-1].all == nil {
		c.block[len(c.block)-1].sums = newSums(c.all.shape)
	}
	r := &c.block[len(c.block)-1]
	c.words = r.count(bins, c.words[:0])
	c.used += repeatBytes + 8*(len(r.all)+len(r.states))
}

// repeatBytes is about the size of a repeat without the counts it points to.
const repeatBytes = 256
