package recording

import (
	"fmt"
	"math"
	"slices"
)

// Holdout splits the raster by repeats. It draws the given share of them, in
// [0, 1), at random as held-out data. It rounds the number of repeats, but a share
// above 0 leaves at least one repeat in each part. Each part keeps the order of
// its repeats. With share 0, train is r itself and heldout is nil.
func (r *Raster) Holdout(share float64, seed uint64) (train, heldout *Raster, err error) {
	if err := CheckHoldout(share, r.Repeats); err != nil {
		return nil, nil, err
	}
	if share == 0 {
		return r, nil, nil
	}
	count := min(max(int(math.Round(share*float64(r.Repeats))), 1), r.Repeats-1)
	order := permutation(r.Repeats, "recording/holdout", seed)
	return r.only(order[count:]), r.only(order[:count]), nil
}

// CheckHoldout returns an error unless Holdout can split a raster of that many
// repeats by that share.
func CheckHoldout(share float64, repeats int) error {
	switch {
	case !(share >= 0 && share < 1):
		return fmt.Errorf("hold out a share of %v of the repeats: want a number from 0 up to, not including, 1", share)
	case share > 0 && repeats < 2:
		return fmt.Errorf("hold out a share of %v of the repeats: the recording has only %d", share, repeats)
	}
	return nil
}

// minBlockMS is the smallest length of a block of HoldoutTime, in milliseconds. In the
// recording of Marre et al. (2017) the correlation of the rates over the movie falls
// to a half after 100 ms, below a tenth after 400 ms and to none after 1 s, so most
// bins of a block are nearly independent of the training data beside it.
const minBlockMS = 1000

// minBlock returns the smallest length of a block, in bins of binMS milliseconds.
func minBlock(timesteps int, binMS float64) int {
	return max(int(math.Ceil(minBlockMS/binMS)), 2*timesteps)
}

// HoldoutTime splits the bins of every repeat into segments to train on and held-out
// segments, the same in all repeats. It cuts the movie into blocks of nearly equal
// length, as many as fit with at least 1 s and at least 2·timesteps bins, so that
// windows of that many time steps fit every block. It draws the given share of the
// blocks, in [0, 1), at random as held-out data, and rounds their number; a share
// above 0 leaves at least one block in each part. Adjacent blocks to train on form
// one segment. Every held-out block is a segment. With share 0, train is the whole
// movie and heldout is nil.
func (r *Raster) HoldoutTime(share float64, timesteps int, seed uint64) (train, heldout []Segment, err error) {
	if err := CheckHoldoutTime(share, timesteps, r.Bins, r.BinMS); err != nil {
		return nil, nil, err
	}
	if share == 0 {
		return []Segment{{0, r.Bins}}, nil, nil
	}
	blocks := r.Bins / minBlock(timesteps, r.BinMS)
	count := min(max(int(math.Round(share*float64(blocks))), 1), blocks-1)
	drawn := permutation(blocks, "recording/holdout_time", seed)[:count]
	for i := range blocks {
		block := Segment{i * r.Bins / blocks, (i + 1) * r.Bins / blocks}
		last := len(train) - 1
		switch {
		case slices.Contains(drawn, i):
			heldout = append(heldout, block)
		case last >= 0 && train[last].End == block.First:
			train[last].End = block.End
		default:
			train = append(train, block)
		}
	}
	return train, heldout, nil
}

// CheckHoldoutTime returns an error unless HoldoutTime can split repeats of that many
// bins of binMS milliseconds for windows of that many time steps.
func CheckHoldoutTime(share float64, timesteps, bins int, binMS float64) error {
	switch block := minBlock(timesteps, binMS); {
	case !(share >= 0 && share < 1):
		return fmt.Errorf("hold out a share of %v of the movie: want a number from 0 up to, not including, 1", share)
	case share > 0 && bins/block < 2:
		return fmt.Errorf("hold out a share of %v of the movie: a repeat has %s, want at least two blocks of %d",
			share, plural(int64(bins), "bin"), block)
	}
	return nil
}

// only returns the raster of the given repeats, in ascending order. It sorts
// repeats in place.
func (r *Raster) only(repeats []int) *Raster {
	part := *r
	part.Repeats = len(repeats)
	part.NeuronIDs = slices.Clone(r.NeuronIDs)
	part.Words = make([]uint32, 0, len(repeats)*r.Bins)
	slices.Sort(repeats) // no copy: there may be millions
	for _, repeat := range repeats {
		part.Words = append(part.Words, r.Words[repeat*r.Bins:(repeat+1)*r.Bins]...)
	}
	return &part
}
