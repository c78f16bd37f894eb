package circuit

import (
	"fmt"
	"math"
)

// Bounds on the errors of a kernel in the self-test.
const (
	ProbabilityTolerance = 5e-6
	GradientTolerance    = 5e-5
)

// Report is the outcome of a self-test.
type Report struct {
	Cases                int          `json:"cases"`
	ProbabilityTolerance float64      `json:"probability_tolerance"`
	GradientTolerance    float64      `json:"gradient_tolerance"`
	Engines              []Comparison `json:"engines"`
	Passed               bool         `json:"passed"`
}

// Comparison is the part of a report about one engine: a kernel of this machine or
// the exact simulator.
type Comparison struct {
	Name             string  `json:"name"`
	Class            string  `json:"class"`
	ProbabilityError float64 `json:"probability_error"` // the largest over all words of all cases
	GradientError    float64 `json:"gradient_error"`    // the largest over all angles of all cases
	Passed           bool    `json:"passed"`
}

// SelfTest compares every kernel of this machine and the exact simulator with known
// answers. reference is a file in the format of the embedded answers, or nil to use
// those. It fails only if the file is invalid; wrong answers are in the report.
func SelfTest(reference []byte) (Report, error) {
	if reference == nil {
		reference = knownAnswers
	}
	cases, err := parseKnown(reference)
	if err != nil {
		return Report{}, fmt.Errorf("read known answers: %w", err)
	}
	report := Report{
		Cases: len(cases), ProbabilityTolerance: ProbabilityTolerance, GradientTolerance: GradientTolerance, Passed: true,
	}
	for _, k := range Kernels() {
		c := Comparison{Name: k.Name, Class: k.Class}
		for _, known := range cases {
			c.compare(known, known.onKernel(k))
		}
		report.add(c)
	}
	exact := Comparison{Name: "exact", Class: "complex128"}
	for _, known := range cases {
		exact.compare(known, known.exactly())
	}
	report.add(exact)
	return report, nil
}

func (r *Report) add(c Comparison) {
	c.Passed = c.ProbabilityError < ProbabilityTolerance && c.GradientError < GradientTolerance
	r.Passed = r.Passed && c.Passed
	r.Engines = append(r.Engines, c)
}

// answer is the result of an engine for a case.
type answer struct {
	laws     [][]float64 // of every lane
	gradient []float64
}

func (c *Comparison) compare(k known, a answer) {
	for _, law := range a.laws {
		c.ProbabilityError = farthest(c.ProbabilityError, law, k.probabilities)
	}
	c.GradientError = farthest(c.GradientError, a.gradient, k.gradient)
}

// farthest returns the maximum of worst and all |a_i − b_i|, or infinity if one is
// NaN.
func farthest(worst float64, a, b []float64) float64 {
	for i := range a {
		d := math.Abs(a[i] - b[i])
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

// onKernel runs the case in all lanes of a tile.
func (k known) onKernel(kernel Kernel) answer {
	c, err := Compile(k.ansatz, kernel)
	if err != nil {
		panic(err) // parseKnown has validated the ansatz
	}
	patch, tile := c.NewPatch(), c.NewTile(true)
	patch.Set(k.angles)
	tile.Forward(patch, everyLane(k.noise))
	law := make([]float32, len(k.probabilities)*Lanes)
	tile.Probabilities(law)
	a := answer{gradient: make([]float64, len(k.angles))}
	tile.Backward(patch, everyLane(k.weights), a.gradient)
	for i := range a.gradient {
		a.gradient[i] /= Lanes
	}
	for lane := range Lanes {
		of := make([]float64, len(k.probabilities))
		for x := range of {
			of[x] = float64(law[x*Lanes+lane])
		}
		a.laws = append(a.laws, of)
	}
	return a
}

func everyLane(v []float64) []float32 {
	rows := make([]float32, len(v)*Lanes)
	for i := range rows {
		rows[i] = float32(v[i/Lanes])
	}
	return rows
}

func (k known) exactly() answer {
	e := k.ansatz.NewExact()
	a := answer{laws: [][]float64{make([]float64, len(k.probabilities))}, gradient: make([]float64, len(k.angles))}
	e.Probabilities(a.laws[0], k.angles, k.noise)
	e.Gradient(a.gradient, k.angles, k.noise, k.weights)
	return a
}
