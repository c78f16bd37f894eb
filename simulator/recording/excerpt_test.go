package recording

import (
	"slices"
	"testing"
)

// TestExcerptShowsTheWholeMovie checks that the windows of every raster in figures, each
// so-many-th of an excerpt, are spread over a movie that is shown many times.
func TestExcerptShowsTheWholeMovie(t *testing.T) {
	const bins = 953
	for _, repeats := range []int{1, 2, 60, 297, 300} {
		r := &Raster{Neurons: 10, Repeats: repeats, Bins: bins, BinMS: 20, Words: make([]uint32, repeats*bins)}
		for i := range r.Words {
			r.Words[i] = uint32(i % bins)
		}
		windows, err := r.Excerpt(60, 30)
		if err != nil {
			t.Fatal(err)
		}
		for _, count := range []int{60, 30, 12, 6, 3, 2} {
			var starts []int
			for i := range count {
				starts = append(starts, int(windows[i*len(windows)/count][0]))
			}
			slices.Sort(starts)
			widest := starts[0] + bins - starts[count-1]
			for i := range starts[1:] {
				widest = max(widest, starts[i+1]-starts[i])
			}
			if widest > 3*bins/count/2+bins/30 {
				t.Errorf("%d repeats: %d windows leave %d of %d bins out: %v", repeats, count, widest, bins, starts)
			}
		}
	}
}
