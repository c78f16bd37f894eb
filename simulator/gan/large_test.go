package gan

import (
	"math"
	"testing"

	"spiqsweep/simulator/circuit"
)

// TestLargeTraining compares the weights of outcomes and the gradient of a training of more
// than 16 neurons with the critic's formula and with Exact.
func TestLargeTraining(t *testing.T) {
	for _, kernel := range circuit.Kernels() {
		const neurons = 17
		s := defaults(neurons, 2, 2)
		s.Kernel, s.BatchSize = kernel, 3
		trainer := newTestTrainer(t, s)
		run(t, trainer, 1)
		if err := trainer.draw(actorBatch); err != nil {
			t.Fatal(err)
		}
		a, b := trainer.actor, trainer.batch
		a.estimator.begin(trainer.real)
		a.differentiate()

		critic, exact := trainer.critic.weights.reference(), s.Ansatz.NewExact()
		want, weights, ofLane := make([]float64, len(a.gradient)), make([]float32, lanes<<neurons), make([]float64, 1<<neurons)
		for step := range s.Timesteps {
			a.estimator.weigh(nil, b, 0, step, weights)
			for l := range s.BatchSize {
				window := append([]uint32(nil), s.window(trainer.sampler.windows(b), l)...)
				value := func(x int) float64 {
					window[step] = uint32(x)
					return -critic.value(bitsOf(neurons, window))
				}
				silent := value(0)
				for x := 0; x < 1<<neurons; x += 997 {
					if got, want := float64(weights[x*lanes+l]-weights[l]), value(x)-silent; math.Abs(got-want) > 1e-4 {
						t.Fatalf("%s, lane %d, outcome %b: %v more than silence, want %v", kernel.Name, l, x, got, want)
					}
				}
				for x := range ofLane {
					ofLane[x] = float64(weights[x*lanes+l]) / float64(s.BatchSize)
				}
				rows := trainer.sampler.patchNoise(b, 0, step)
				noise := make([]float64, len(rows)/lanes)
				for r := range noise {
					noise[r] = float64(rows[r*lanes+l])
				}
				exact.Gradient(s.patchAngles(want, step), s.patchAngles(a.angles, step), noise, ofLane)
			}
		}
		if d := distance(a.gradient, want); !(d < 1e-3) {
			t.Errorf("%s: the gradient is off by %v", kernel.Name, d)
		}
	}
}
