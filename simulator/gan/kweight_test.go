package gan

import (
	"math"
	"os"
	"testing"
)

// TestWeightOfTheKTerm measures how much of the generator's gradient comes from the
// K-term: the length of the K-term's part over that of the critic's, as a root mean
// square over the last 100 of 1000 steps, and the cosine of their angle, averaged over
// the same steps. simulator/RESULTS.md shows the table that it logs.
func TestWeightOfTheKTerm(t *testing.T) {
	if os.Getenv(measure) == "" {
		t.Skipf("skipped: trains for minutes; set %s=1 to run it", measure)
	}
	for _, reading := range []struct {
		name   string
		change func(*Settings)
	}{
		{"paper, absolute", func(s *Settings) { s.Constraint, s.Schedule = NoConstraint, Constant }},
		{"default, absolute", func(*Settings) {}},
		{"default, population", func(s *Settings) { s.KLoss = Population }},
	} {
		for _, size := range [][2]int{{2, 1}, {2, 10}, {4, 1}, {4, 10}, {8, 1}, {8, 10}, {8, 30}} {
			windows := realWindows(t, size[0], size[1])
			s := defaults(size[0], size[1], 1000)
			s.K = 1
			reading.change(&s)
			trainer, err := NewTrainer(s, s.address(0), windows)
			if err != nil {
				t.Fatal(err)
			}
			var critic, k, cosine, steps float64
			for range s.Steps {
				if trainer.Steps() >= s.Steps-100 {
					c, d, product := trainer.gradientParts(t)
					critic, k, steps = critic+c, k+d, steps+1
					cosine += product / math.Sqrt(c*d)
				}
				if err := trainer.Step(); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%s: n=%d t=%d: ratio %.2g, cosine %+.2f", reading.name, size[0], size[1], math.Sqrt(k/critic), cosine/steps)
		}
	}
}

// gradientParts returns the squared lengths of the critic's and of the K-term's part of
// the next gradient, and the product of the two. The training is not changed.
func (tr *Trainer) gradientParts(t *testing.T) (critic, k, product float64) {
	t.Helper()
	if err := tr.draw(actorBatch); err != nil {
		t.Fatal(err)
	}
	a := tr.actor
	a.estimator.begin(tr.real)
	a.differentiate()
	whole := append([]float64(nil), a.gradient...)
	weight := a.k.weight
	a.k.weight = 0
	a.differentiate()
	a.k.weight = weight
	for i, g := range a.gradient {
		d := whole[i] - g
		critic, k, product = critic+g*g, k+d*d, product+g*d
	}
	return critic, k, product
}
