package peak_test

import (
	"fmt"
	"testing"

	"spiqsweep/simulator/internal/peak"
)

func TestLoopsHalve(t *testing.T) {
	for _, loop := range peak.Loops() {
		t.Run(loop.Name, func(t *testing.T) {
			for rounds := range 5 {
				x := make([]float32, loop.Width+1)
				for i := range x {
					x[i] = float32(i)
				}
				loop.Halve(x, rounds)
				for i, got := range x[:loop.Width] {
					want := float32(i)
					for range rounds {
						want = want/2 + 1
					}
					if got != want {
						t.Fatalf("%d rounds make %v of %d, want %v", rounds, got, i, want)
					}
				}
				if x[loop.Width] != float32(loop.Width) {
					t.Fatalf("%d rounds write beyond the %d numbers", rounds, loop.Width)
				}
			}
		})
	}
}

func Example() {
	for _, loop := range peak.Loops() {
		x := make([]float32, loop.Width)
		loop.Halve(x, 3)
		if x[0] != 1.75 {
			fmt.Println(loop.Name, x[0])
		}
	}
	fmt.Println("0 → 1 → 1.5 → 1.75")
	// Output: 0 → 1 → 1.5 → 1.75
}

// BenchmarkMultiplyAdds measures the multiply-adds of one core.
func BenchmarkMultiplyAdds(b *testing.B) {
	for _, loop := range peak.Loops() {
		b.Run(loop.Name, func(b *testing.B) {
			const rounds = 10_000
			x := make([]float32, loop.Width)
			for b.Loop() {
				loop.Halve(x, rounds)
			}
			b.ReportMetric(float64(b.N)*rounds*float64(loop.Width)/b.Elapsed().Seconds(), "multiply-adds/s")
		})
	}
}

// BenchmarkClock measures the clock of one core.
func BenchmarkClock(b *testing.B) {
	const cycles = 64_000
	for b.Loop() {
		if !peak.Cycles(cycles) {
			b.Skip("skipped: needs assembly")
		}
	}
	b.ReportMetric(float64(b.N)*cycles/b.Elapsed().Seconds(), "cycles/s")
}
