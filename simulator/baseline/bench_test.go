package baseline

import (
	"testing"

	"spiqsweep/simulator/recording"
)

// BenchmarkModel measures fit and statistics of each model for ten neurons of the
// surrogate and windows of 1 and 30 bins.
func BenchmarkModel(b *testing.B) {
	for _, name := range Names() {
		for _, size := range []struct {
			name      string
			timesteps int
		}{{"t=1", 1}, {"t=30", 30}} {
			b.Run(name+"/"+size.name, func(b *testing.B) {
				w, err := recording.Surrogate(1).Raster([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}).Windows(size.timesteps)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					measured(b, fitted(b, name, w))
				}
			})
		}
	}
}
