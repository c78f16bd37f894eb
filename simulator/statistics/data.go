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
	c := countRepeats(shapeOf(w), repeatsOf(w))
	return Data{c.total().statistics(), c.floors(len(c.repeats)/2, len(c.repeats), splits, seed)}
}

// NewHeldout returns the statistics of the held-out repeats of a recording,
// with floors from splits of all its repeats into as many as train and heldout
// have.
func NewHeldout(train, heldout RepeatedWindows, splits int, seed random.Stream) Data {
	seen, unseen := repeatsOf(train), repeatsOf(heldout)
	both := countRepeats(shapeOf(heldout), append(seen, unseen...))
	return Data{
		countRepeats(shapeOf(heldout), unseen).total().statistics(),
		both.floors(len(seen), len(unseen), splits, seed),
	}
}

// counts are the windows of a recording, counted repeat by repeat.
type counts struct {
	shape
	repeats []repeat
}

// repeat is the windows of one repeat, counted.
type repeat struct {
	windows int
	sums    []float64 // as in sums.all
	states  []state   // joint words that occur
}

// countRepeats counts the windows in the bins of each repeat.
func countRepeats(s shape, repeats [][]uint32) *counts {
	c := &counts{s, make([]repeat, len(repeats))}
	for r, bins := range repeats {
		counted := newSums(s)
		c.repeats[r].windows = counted.count(bins)
		c.repeats[r].sums = counted.all
		c.repeats[r].states = s.countStates(bins)
	}
	return c
}

// total returns the tally of all repeats.
func (c *counts) total() *tally {
	v := newTally(c.shape)
	for _, r := range c.repeats {
		v.add(r)
	}
	return v
}

// add counts one repeat in.
func (v *tally) add(r repeat) {
	v.windows += r.windows
	for i, count := range r.sums {
		v.all[i] += count
	}
	for _, occurring := range r.states {
		v.states[occurring.word] += float64(occurring.windows)
	}
}
