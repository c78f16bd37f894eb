package claims

import (
	"fmt"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// BenchmarkJudge includes the making of the rows, up to a million.
func BenchmarkJudge(b *testing.B) {
	for _, size := range []struct{ neurons, timesteps, replicates int }{{5, 6, 5}, {5, 6, 200}, {16, 50, 20}, {10, 1000, 50}} {
		b.Run(fmt.Sprintf("%d×%d×2, %d replicates", size.neurons, size.timesteps, size.replicates), func(b *testing.B) {
			m := paper()
			made := m.measures(sweep.Default())
			rows := func(yield func(table.Row, error) bool) {
				for n := range size.neurons {
					for t := range size.timesteps {
						for k := range 2 {
							for r := range size.replicates {
								c := sweep.Default()
								c.Neurons, c.Timesteps, c.K, c.Replicate = n+1, t+1, float64(k), r
								own := *made
								own.Errors = map[string]float64{}
								for i, name := range errorNames {
									own.Errors[name] = 1e-3 * float64(1+(7*n+11*t+13*k+17*r+i)%23)
								}
								if !yield(table.Row{Configuration: c, Measures: &own}, nil) {
									return
								}
							}
						}
					}
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Judge(table.Shape{}, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
