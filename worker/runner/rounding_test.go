package runner

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/statistics"
)

// rounded adapts a model to use the laws of the fast kernel.
type rounded struct {
	*model
	rows []float32 // [word][lane]
}

func (r rounded) Probabilities(step int, gamma float64, dst []float64) {
	var lanes [circuit.Lanes]float32
	for l := range lanes {
		lanes[l] = float32(gamma)
	}
	r.Laws(step, &lanes, r.rows)
	for word := range dst {
		dst[word] = float64(r.rows[word*circuit.Lanes])
	}
}

// evaluated returns the errors of the trained model, with the laws of through.
func evaluated(t *testing.T, r *run, through func(*model) statistics.Patches) map[string]float64 {
	t.Helper()
	m, err := newModel(r.task.Configuration, r.generator)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Set(r.trainer.Angles()); err != nil {
		t.Fatal(err)
	}
	measured, err := statistics.Exact(through(m), r.generator.Noise())
	if err != nil {
		t.Fatal(err)
	}
	return statistics.Errors(measured, r.data.seen.Statistics, r.data.binMS)
}

// TestFloat32DoesNotAffectErrors compares the errors of trained models by the fast
// kernel in float32 with the exact ones. They agree to a hundredth of the floor
// or, for an error of more than ten thousand floors, to a millionth of the error.
func TestFloat32DoesNotAffectErrors(t *testing.T) {
	needs.NoRaceDetector(t, "minutes of arithmetic in one goroutine")
	const steps = 2000
	kernels := slices.CompactFunc(circuit.Kernels(), func(a, b circuit.Kernel) bool { return a.Class == b.Class })
	for _, kernel := range kernels {
		for _, size := range [][2]int{{2, 1}, {2, 5}, {4, 2}} {
			t.Run(fmt.Sprintf("%s,n=%d,t=%d", kernel.Name, size[0], size[1]), func(t *testing.T) {
				run := surrogateRun(t, kernel, size[0], size[1], steps)
				for range steps {
					if err := run.trainer.Step(); err != nil {
						t.Fatal(err)
					}
				}
				exact := evaluated(t, run, func(m *model) statistics.Patches { return m })
				fast := evaluated(t, run, func(m *model) statistics.Patches {
					return rounded{m, make([]float32, circuit.Lanes<<m.Neurons())}
				})
				for _, name := range slices.Sorted(maps.Keys(exact)) {
					floor, ok := run.data.seen.Floors[name]
					if !ok {
						continue
					}
					off := math.Abs(fast[name] - exact[name])
					t.Logf("%s: %.3g, in float32 %.1e of its floor off", name, exact[name], off/floor)
					if !(off < max(floor/100, exact[name]/1e6)) {
						t.Errorf("%s is %v, in float32 %v; its floor is %v", name, exact[name], fast[name], floor)
					}
				}
			})
		}
	}
}
