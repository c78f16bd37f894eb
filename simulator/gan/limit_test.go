package gan

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"
)

// fit is the end of a training at t = 1, against the shares of the recording's words.
type fit struct {
	nats float64 // −Σ q ln p, per bin
	js   float64 // bits
}

func (f fit) String() string {
	return fmt.Sprintf("%.5f nats = %.5f bits per bin, Jensen–Shannon divergence %.5f bits", f.nats, f.nats/math.Ln2, f.js)
}

func fitOf(t *testing.T, s Settings, angles, real []float64) fit {
	t.Helper()
	law := modelLaw(t, s, angles)
	f := fit{js: jensenShannon(law, real)}
	for x, q := range real {
		if q > 0 {
			f.nats -= q * math.Log(law[x])
		}
	}
	return f
}

// TestLikelihoodReachesTheLimitOfTheCircuit fits the paper's circuit to the most active
// neurons of the real recording, t = 1, and compares with the values of DESIGN.md,
// section 1.2. No training of another objective may have a higher likelihood.
func TestLikelihoodReachesTheLimitOfTheCircuit(t *testing.T) {
	const replicates = 5 // of each other objective
	for _, test := range []struct {
		neurons, steps, restarts int
		bits                     float64 // Jensen–Shannon divergence, at most
	}{
		{4, 2000, 8, 0.001},
		{6, 2000, 8, 0.026},
		{8, 2000, 8, 0.056},
		{10, 16000, 16, 0.062},
	} {
		t.Run(fmt.Sprintf("n=%d", test.neurons), func(t *testing.T) {
			measured := os.Getenv(measure) != ""
			if test.neurons > 4 && !measured {
				t.Skipf("skipped: trains for minutes; set %s=1 to run it", measure)
			}
			windows := realWindows(t, test.neurons, 1)
			real := wordLaw(windows)
			s := defaults(test.neurons, 1, test.steps)
			s.Objective, s.Restarts = Likelihood, test.restarts
			begin := time.Now()
			best := fitOf(t, s, trained(t, s, 0, windows), real)
			t.Logf("%s, %d steps in %d starts, %v: %v", s.Kernel.Name, s.Steps, s.Restarts, time.Since(begin).Round(time.Millisecond), best)
			if best.js > test.bits {
				t.Errorf("the divergence is %.5f bits, want at most %v", best.js, test.bits)
			}
			entropy := 0.0
			for _, q := range real {
				if q > 0 {
					entropy -= q * math.Log(q)
				}
			}
			if best.nats < entropy {
				t.Errorf("%v, below the entropy of %.5f nats", best, entropy)
			}
			for _, objective := range []Objective{WGAN, MMD} {
				for replicate := range replicates {
					if test.neurons > 4 && !measured || test.neurons == 4 && !measured && replicate > 0 {
						continue
					}
					other := defaults(test.neurons, 1, 2000)
					other.Objective = objective
					f := fitOf(t, other, trained(t, other, replicate, windows), real)
					t.Logf("%s, replicate %d: %v", objective, replicate, f)
					if f.nats < best.nats || f.js < best.js {
						t.Errorf("%s, replicate %d, is closer: %v", objective, replicate, f)
					}
				}
			}
		})
	}
}
