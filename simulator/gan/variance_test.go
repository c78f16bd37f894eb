package gan

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// jointLaw returns the probabilities of all joint words at angles, by the definition.
func jointLaw(s Settings, angles []float64) []float64 {
	law := make([]float64, 1<<s.inputs())
	for joint := range law {
		window := appendJoint(nil, joint, s.Ansatz.Neurons, s.Timesteps)
		law[joint] = math.Exp(-referenceLoss(s, angles, [][]uint32{window}, []float64{1}))
	}
	return law
}

// inBatches makes the likelihood draw batches of windows, as for long windows.
func (e *likelihood) inBatches(t *testing.T, trainer *Trainer) {
	t.Helper()
	size := trainer.settings.BatchSize
	var err error
	if e.mixture, err = newMixture(trainer.sampler, size); err != nil {
		t.Fatal(err)
	}
	e.batch, e.shares, e.pulls = true, make([]float64, size), nil
	for i := range e.shares {
		e.shares[i] = 1 / float64(size)
	}
	for _, laws := range e.laws {
		e.pulls = append(e.pulls, make([]float64, len(laws)))
	}
	trainer.batch = e.nodes
}

// TestBiasAndVariance measures every estimator of a gradient on many batches of 32,
// against the exact gradient of its objective over noise, measurements and windows.
// The table in DESIGN.md, section 1.4, is what it logs: the distance of the mean from
// the exact gradient, with the standard error of that distance, and the standard
// deviation of one estimate, all divided by the length of the exact gradient.
func TestBiasAndVariance(t *testing.T) {
	const batches = 1500
	type row struct{ bias, standardError, deviation float64 }
	measure := func(change func(*Settings), exact func(s Settings, e *enumeration, law, real []float64) float64, batch bool) row {
		s := defaults(2, 2, batches+1)
		change(&s)
		e := newEnumeration(t, s)
		if batch {
			e.actor.estimator.(*likelihood).inBatches(t, e.Trainer)
		}
		real := make([]float64, 1<<s.inputs())
		for _, window := range testWindows(2, 2, 100) {
			real[jointOf(window, 2)] += 0.01
		}
		want := finiteDifferences(e.actor.angles, func(angles []float64) float64 {
			return exact(s, e, jointLaw(s, angles), real)
		})
		sum, square, length := make([]float64, len(want)), 0.0, 0.0
		for i := range batches {
			e.steps, e.actor.updates = i, i
			if batch {
				if err := e.drawWindows(actorBatch); err != nil {
					t.Fatal(err)
				}
			} else if err := e.draw(actorBatch); err != nil {
				t.Fatal(err)
			}
			e.actor.estimator.begin(e.Trainer.real)
			e.actor.differentiate()
			for k, g := range e.actor.gradient {
				sum[k] += g
				square += (g - want[k]) * (g - want[k])
			}
		}
		bias := 0.0
		for k, w := range want {
			off := sum[k]/batches - w
			bias += off * off
			length += w * w
		}
		variance := max(0, square/batches-bias)
		length = math.Sqrt(length)
		return row{math.Sqrt(bias) / length, math.Sqrt(variance/batches) / length, math.Sqrt(variance) / length}
	}
	adversarial := func(s Settings, e *enumeration, law, _ []float64) float64 {
		loss := 0.0
		for joint, p := range law {
			loss -= p * e.reference.value(bitsOf(s.Ansatz.Neurons, appendJoint(nil, joint, s.Ansatz.Neurons, s.Timesteps)))
		}
		return loss
	}
	likely := func(_ Settings, _ *enumeration, law, real []float64) float64 {
		loss := 0.0
		for joint, q := range real {
			if q > 0 {
				loss -= q * math.Log(law[joint])
			}
		}
		return loss
	}
	discrepant := func(_ Settings, _ *enumeration, law, real []float64) float64 {
		loss := 0.0
		for _, similarity := range similarities(4) {
			for v := range law {
				for w := range law {
					distance := hamming([]uint32{uint32(v)}, []uint32{uint32(w)})
					loss += (law[v] - real[v]) * (law[w] - real[w]) * math.Pow(similarity, float64(distance)) / 3
				}
			}
		}
		return loss
	}
	gradient := func(g Gradient) func(*Settings) { return func(s *Settings) { s.Gradient = g } }
	rows := map[string]row{}
	var table strings.Builder
	for _, test := range []struct {
		name     string
		change   func(*Settings)
		exact    func(Settings, *enumeration, []float64, []float64) float64
		batch    bool
		unbiased bool
	}{
		{"local", gradient(Local), adversarial, false, true},
		{"expectation", gradient(Expectation), adversarial, false, false},
		{"straight_through", gradient(StraightThrough), adversarial, false, false},
		{"reinforce", gradient(Reinforce), adversarial, false, true},
		{"parameter_shift", gradient(ParameterShift), adversarial, false, true},
		{"mmd", func(s *Settings) { s.Objective = MMD }, discrepant, false, true},
		{"likelihood, 32 windows", func(s *Settings) { s.Objective = Likelihood }, likely, true, true},
		{"likelihood, all windows", func(s *Settings) { s.Objective = Likelihood }, likely, false, true},
	} {
		r := measure(test.change, test.exact, test.batch)
		rows[test.name] = r
		fmt.Fprintf(&table, "| %s | %.3f ± %.3f | %.2f |\n", test.name, r.bias, r.standardError, r.deviation)
		// The bias of an unbiased estimator is the length of a mean of errors, which is
		// close to its standard error.
		if limit := 2*r.standardError + 1e-3; (r.bias < limit) != test.unbiased {
			t.Errorf("%s: the bias is %.4f ± %.4f, unbiased %v", test.name, r.bias, r.standardError, test.unbiased)
		}
	}
	t.Logf("n = 2, t = 2:\n%s", table.String())
	for _, noisier := range []string{"reinforce", "parameter_shift"} {
		if rows[noisier].deviation < 1.5*rows["local"].deviation {
			t.Errorf("%s deviates by %.2f, local by %.2f", noisier, rows[noisier].deviation, rows["local"].deviation)
		}
	}
	if d := rows["likelihood, all windows"].deviation; d > 1e-3 {
		t.Errorf("the likelihood of all windows deviates by %v", d)
	}
}
