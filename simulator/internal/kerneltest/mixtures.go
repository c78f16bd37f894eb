package kerneltest

import (
	"math/rand/v2"

	"spiqsweep/simulator/internal/tuning"
)

// drawnMixtures is the number of mixtures that Mixtures draws.
const drawnMixtures = 50

// Mixtures calls try with tables of a whose loops come from b: each alone, then drawn mixtures. All
// must compute the same.
func Mixtures[L any](a, b L, try func(mixture string, l *L)) {
	loops := tuning.Loops(&a, &b)
	for _, l := range loops {
		l.Swap()
		try(l.Name, &a)
		l.Swap()
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for range drawnMixtures {
		for _, l := range loops {
			if draw.IntN(2) == 0 {
				l.Swap()
			}
		}
		try("a drawn mixture", &a)
	}
}
