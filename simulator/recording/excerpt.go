package recording

import "math"

// Excerpt returns up to so many windows of at most so many bins, [window][bin], bit i =
// neuron i, which show what the raster is like. They are spread over the repeats, and by
// multiples of the golden ratio over the time within a repeat: windows at equal distances
// would show few moments of a movie, again and again.
func (r *Raster) Excerpt(windows, bins int) ([][]uint32, error) {
	all, err := r.Windows(min(bins, r.Bins))
	if err != nil {
		return nil, err
	}
	some := make([][]uint32, min(windows, all.Len()))
	for i := range some {
		some[i] = make([]uint32, all.Timesteps())
		repeat := i * all.Repeats() / len(some)
		_, share := math.Modf(float64(i+1) * math.Phi)
		all.At(repeat*all.PerRepeat()+int(share*float64(all.PerRepeat())), some[i])
	}
	return some, nil
}
