package runner

import (
	"encoding/json"
	"math"
	"math/bits"
	"math/cmplx"
	"testing"

	"spiqsweep/sweep"
)

// TestResultIsReproducibleFromDocumentation recomputes the statistics from a result
// and its configuration as a user would in forty lines of NumPy: without code of
// the simulator, one gate at a time, with Simpson's rule over γ.
func TestResultIsReproducibleFromDocumentation(t *testing.T) {
	tests := map[string][]any{
		"paper":            nil,
		"five encodings":   {"final_encoding", true},
		"parameters first": {"order", "parameters_first", "entangler", "brick"},
		"ring":             {"entangler", "ring", "noise_low", -1.0, "noise_high", 2.5},
		"no CNOTs":         {"entangler", "none", "noise_per_patch", true},
		"no noise":         {"noise", "none"},
		"traced auxiliary": {"auxiliary", 1.0},
		"kept auxiliary":   {"auxiliary", 1.0, "auxiliary_readout", "postselect"},
		"moving average":   {"average", 0.9},
		"six layers":       {"layers", 6.0},
	}
	for name, settings := range tests {
		t.Run(name, func(t *testing.T) {
			task := smallTask(t, 3, 2, settings...)
			var result sweep.Result
			if err := json.Unmarshal(mustRun(t, newTestRunner(), task), &result); err != nil {
				t.Fatal(err)
			}
			p, rate, covariance := recompute(task.Configuration, result.Angles)
			compare(t, "k_probability", result.Model["k_probability"], p)
			compare(t, "firing_rate_hz", result.Model["firing_rate_hz"], rate)
			compare(t, "covariance", result.Model["covariance"], covariance)

			var square float64
			for k, data := range result.Data["k_probability"] {
				square += (p[k] - data) * (p[k] - data) / float64(len(p))
			}
			compare(t, "k_probability's error", []float64{result.Errors["k_probability"]}, []float64{square})
		})
	}
}

func compare(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("%s[%d] is %v, recomputed %v", what, i, got[i], want[i])
		}
	}
}

// recompute returns P(k), the rates in Hz and the covariances of the pairs
// i < j, averaged over γ and time steps.
func recompute(c sweep.Configuration, angles [][][][2]float64) (p, rate, covariance []float64) {
	const intervals = 400
	n := c.Neurons
	p, rate = make([]float64, n+1), make([]float64, n)
	pairs := make([]float64, n*n)
	for i := range intervals + 1 {
		weight := []float64{2, 4}[i%2] / 3 / intervals
		if i == 0 || i == intervals {
			weight = 1. / 3 / intervals
		}
		gamma := c.Circuit.NoiseLow + (c.Circuit.NoiseHigh-c.Circuit.NoiseLow)*float64(i)/intervals
		for _, patch := range angles {
			for word, q := range law(c, patch, gamma) {
				q *= weight / float64(len(angles))
				p[bits.OnesCount(uint(word))] += q
				for a := range n {
					rate[a] += q * float64(word>>a&1) / 0.020
					for b := range n {
						pairs[a*n+b] += q * float64((word>>a)&(word>>b)&1)
					}
				}
			}
		}
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			covariance = append(covariance, pairs[a*n+b]-pairs[a*n+a]*pairs[b*n+b])
		}
	}
	return p, rate, covariance
}

// law returns the probabilities of a patch's words at γ.
func law(c sweep.Configuration, patch [][][2]float64, gamma float64) []float64 {
	qubits := c.Neurons + c.Circuit.Auxiliary
	state := make([]complex128, 1<<qubits)
	state[0] = 1
	gate := func(q int, a, b, c, d complex128) {
		for x := range state {
			if x>>q&1 == 0 {
				zero, one := state[x], state[x|1<<q]
				state[x], state[x|1<<q] = a*zero+b*one, c*zero+d*one
			}
		}
	}
	cnot := func(control, target int) {
		for x := range state {
			if x>>control&1 == 1 && x>>target&1 == 0 {
				state[x], state[x|1<<target] = state[x|1<<target], state[x]
			}
		}
	}
	encode := func() {
		if c.Circuit.Noise == "none" {
			return
		}
		cos, sin := complex(math.Cos(gamma/2), 0), complex(0, -math.Sin(gamma/2))
		for q := range qubits {
			gate(q, cos, sin, sin, cos)
		}
	}
	for _, layer := range patch {
		if c.Circuit.Order == "encode_first" {
			encode()
		}
		for q, angle := range layer {
			cos, sin := complex(math.Cos(angle[0]/2), 0), complex(math.Sin(angle[0]/2), 0)
			gate(q, cos, -sin, sin, cos)
			gate(q, cmplx.Exp(complex(0, -angle[1]/2)), 0, 0, cmplx.Exp(complex(0, angle[1]/2)))
		}
		switch c.Circuit.Entangler {
		case "chain", "ring":
			for q := range qubits - 1 {
				cnot(q, q+1)
			}
			if c.Circuit.Entangler == "ring" && qubits > 2 {
				cnot(qubits-1, 0)
			}
		case "brick":
			for first := range 2 {
				for q := first; q+1 < qubits; q += 2 {
					cnot(q, q+1)
				}
			}
		}
		if c.Circuit.Order == "parameters_first" {
			encode()
		}
	}
	if c.Circuit.FinalEncoding {
		encode()
	}
	p, total := make([]float64, 1<<c.Neurons), 0.0
	for x, amplitude := range state {
		if c.Circuit.AuxiliaryReadout == "postselect" && x>>c.Neurons != 0 {
			continue
		}
		p[x&(len(p)-1)] += real(amplitude)*real(amplitude) + imag(amplitude)*imag(amplitude)
		total += real(amplitude)*real(amplitude) + imag(amplitude)*imag(amplitude)
	}
	for word := range p {
		p[word] /= total
	}
	return p
}
