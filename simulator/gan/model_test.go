package gan

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

func newTestModel(t *testing.T, s Settings) *Model {
	t.Helper()
	m, err := NewModel(s.Generator, s.startAngles(random.Training{}.Stream("model test").At(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSampleFollowsProbabilities compares the frequencies of whole windows with the
// mean over the noise of the product of the conditional laws.
func TestSampleFollowsProbabilities(t *testing.T) {
	const count = 40_000
	base := defaults(2, 2, 1)
	tests := map[string]func(*Settings){
		"shared":        func(*Settings) {},
		"none":          func(s *Settings) { s.Ansatz.Noise = circuit.NoNoise },
		"per patch":     func(s *Settings) { s.NoisePerPatch = true },
		"per qubit":     func(s *Settings) { s.Ansatz.Noise = circuit.PerQubit },
		"per layer":     func(s *Settings) { s.Ansatz.NoisePerLayer, s.NoiseHigh = true, 1 },
		"auxiliary":     func(s *Settings) { s.Ansatz.Auxiliary = 1 },
		"postselect":    func(s *Settings) { s.Ansatz.Auxiliary, s.Ansatz.Readout = 1, circuit.Postselect },
		"a fixed noise": func(s *Settings) { s.NoiseLow = s.NoiseHigh },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := base
			change(&s)
			m := newTestModel(t, s)
			frequency := make([]float64, 16)
			for _, window := range m.Sample(random.Training{}.Stream("samples"), count) {
				frequency[window[0]|window[1]<<2] += 1. / count
			}
			law := independentMonteCarlo(m, 20_000)
			for x, p := range law {
				// Both are means over many draws; the bound is five standard deviations.
				if bound := 5 * math.Sqrt(p/count+p/20_000); math.Abs(frequency[x]-p) > bound+1e-4 {
					t.Errorf("window %04b came with frequency %.4f, want %.4f ± %.4f", x, frequency[x], p, bound)
				}
			}
		})
	}
}

// independentMonteCarlo averages the law of the window over draws of the noise. It
// draws the noise by the definition of each kind, without the sampler.
func independentMonteCarlo(m *Model, draws int) []float64 {
	g := m.Generator()
	r := random.Training{}.Stream("noise of the test").At(0, 0)
	gamma := func() float64 { return g.NoiseLow + (g.NoiseHigh-g.NoiseLow)*r.Float64() }
	law, first, second := make([]float64, 16), make([]float64, 4), make([]float64, 4)
	patch := func() []float64 {
		noise := make([]float64, g.Ansatz.NoiseRows())
		for i := range noise {
			switch {
			case i == 0, g.Ansatz.Noise == circuit.PerQubit, i%g.Ansatz.Qubits() == 0:
				noise[i] = gamma()
			default:
				noise[i] = noise[i-1]
			}
		}
		return noise
	}
	for range draws {
		a := patch()
		b := a
		if g.NoisePerPatch {
			b = patch()
		}
		m.Probabilities(0, a, first)
		m.Probabilities(1, b, second)
		for x := range law {
			law[x] += first[x&3] * second[x>>2] / float64(draws)
		}
	}
	return law
}

// TestSamplePrefixIsStable checks that window w does not depend on the number of
// windows.
func TestSamplePrefixIsStable(t *testing.T) {
	m := newTestModel(t, defaults(3, 2, 1))
	stream := random.Training{}.Stream("samples")
	all := m.Sample(stream, 40)
	for _, count := range []int{0, 1, 15, 16, 17, 39} {
		if diff := cmp.Diff(all[:count], m.Sample(stream, count)); diff != "" {
			t.Errorf("the first %d of 40 samples (-) and %d samples (+):\n%s", count, count, diff)
		}
	}
}

func TestModelRejectsInvalidArguments(t *testing.T) {
	s := defaults(2, 2, 1)
	good := make([]float64, s.Parameters())
	bad := slices.Clone(good)
	bad[7] = math.Inf(1)
	if _, err := NewModel(s.Generator, good[1:]); err == nil || !strings.Contains(err.Error(), "31 angles of a generator that has 32") {
		t.Errorf("an angle less: %v", err)
	}
	if _, err := NewModel(s.Generator, bad); err == nil || !strings.Contains(err.Error(), "angle 7 is +Inf") {
		t.Errorf("an infinite angle: %v", err)
	}
	s.Timesteps = 0
	if _, err := NewModel(s.Generator, nil); err == nil || !strings.Contains(err.Error(), "timesteps is 0") {
		t.Errorf("no time steps: %v", err)
	}
	s = defaults(2, 2, 1)
	m := newTestModel(t, s)
	before := slices.Clone(m.angles)
	if err := m.Set(bad); err == nil {
		t.Error("Set accepted an infinite angle")
	}
	if !slices.Equal(m.angles, before) {
		t.Error("Set stored the rejected angles")
	}
}

// TestSetChangesAllLaws checks that Probabilities, Laws and Sample use the new
// angles.
func TestSetChangesAllLaws(t *testing.T) {
	s := defaults(2, 1, 1)
	s.Ansatz.Noise = circuit.NoNoise
	m := newTestModel(t, s)
	always := make([]float64, s.Parameters())
	always[0] = math.Pi // RY(π) on the first qubit; the chain's four CNOTs cancel in pairs
	if err := m.Set(always); err != nil {
		t.Fatal(err)
	}
	law := make([]float64, 4)
	m.Probabilities(0, nil, law)
	if math.Abs(law[1]-1) > 1e-12 {
		t.Errorf("the law is %.3f, want word 01 for certain", law)
	}
	laws := make([]float32, 4*lanes)
	m.Laws(0, nil, laws)
	for l, p := range laws[lanes : 2*lanes] {
		if math.Abs(float64(p)-1) > 1e-6 {
			t.Errorf("lane %d: word 01 has the probability %v, want 1", l, p)
		}
	}
	for _, window := range m.Sample(random.Training{}.Stream("samples"), 20) {
		if window[0] != 1 {
			t.Errorf("drew %02b", window[0])
		}
	}
}

func TestParameters(t *testing.T) {
	if got := defaults(10, 30, 1).Parameters(); got != 8*10*30 {
		t.Errorf("%d parameters, want the paper's 8 per neuron and time step", got)
	}
}
