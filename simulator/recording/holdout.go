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
