package gan_test

import (
	"fmt"
	"math"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
)

// exampleWindows holds real windows of two neurons and one time step.
type exampleWindows []uint32

func (w exampleWindows) Len() int { return len(w) }

func (w exampleWindows) Copy(words []uint32, windows []int) {
	for j, i := range windows {
		words[j] = w[i]
	}
}

// exampleGenerator is the paper's circuit for these windows.
func exampleGenerator() gan.Generator {
	return gan.Generator{
		Ansatz: circuit.Ansatz{
			Neurons: 2, Layers: 4, Order: circuit.EncodeFirst, Entangler: circuit.Chain,
			Readout: circuit.Trace, Noise: circuit.Shared,
		},
		Timesteps: 1, NoiseLow: 0, NoiseHigh: math.Pi, Kernel: circuit.DefaultKernel(),
	}
}

// The example trains on two neurons that are silent in eight of ten bins and fire
// together in the others, and interrupts the training once.
func Example() {
	generator := exampleGenerator()
	settings := gan.Settings{
		Generator: generator, InitialAngles: gan.Uniform2Pi, Objective: gan.WGAN,
		Steps: 500, BatchSize: 32, CriticUpdates: 2, HiddenUnits: 64,
		GeneratorLearningRate: 0.05, CriticLearningRate: 0.002, Beta1: 0, Beta2: 0.9,
		Schedule: gan.CosineGenerator, Constraint: gan.OneSided, PenaltyWeight: 10,
		Gradient: gan.Local, KLoss: gan.Absolute, K: 1,
	}
	address := random.Training{Seed: 1, Neurons: 2, Timesteps: 1}
	real := exampleWindows{0, 0, 0, 0, 0, 0, 0, 0, 0b11, 0b11}

	train := func(checkpoint []byte, until int) (*gan.Trainer, error) {
		trainer, err := gan.NewTrainer(settings, address, real)
		if err != nil {
			return nil, err
		}
		if checkpoint != nil {
			if err := trainer.UnmarshalBinary(checkpoint); err != nil {
				return nil, err
			}
		}
		for trainer.Steps() < until {
			if err := trainer.Step(); err != nil {
				return nil, err
			}
		}
		return trainer, nil
	}
	interrupted, err := train(nil, 200)
	if err != nil {
		fmt.Println(err)
		return
	}
	checkpoint, err := interrupted.MarshalBinary()
	if err != nil {
		fmt.Println(err)
		return
	}
	trainer, err := train(checkpoint, settings.Steps)
	if err != nil {
		fmt.Println(err)
		return
	}

	model, err := gan.NewModel(generator, trainer.Angles())
	if err != nil {
		fmt.Println(err)
		return
	}
	together, alone := 0, 0
	for _, window := range model.Sample(address.Stream("samples"), 10_000) {
		switch window[0] {
		case 0b11:
			together++
		case 0b01, 0b10:
			alone++
		}
	}
	fmt.Println("together in a fifth of the bins:", math.Abs(float64(together)/10_000-0.2) < 0.05)
	fmt.Println("hardly ever one alone:", alone < 500)
	// Output:
	// together in a fifth of the bins: true
	// hardly ever one alone: true
}

// The example fits the same windows by likelihood, in four starts, and measures how far
// the model is from them.
func Example_likelihood() {
	generator := exampleGenerator()
	settings := gan.Settings{
		Generator: generator, InitialAngles: gan.Uniform2Pi,
		Objective: gan.Likelihood, Steps: 800, Restarts: 4, BatchSize: 32,
		GeneratorLearningRate: 0.05, Beta1: 0, Beta2: 0.9, Schedule: gan.CosineGenerator,
	}
	address := random.Training{Seed: 1, Neurons: 2, Timesteps: 1}
	trainer, err := gan.NewTrainer(settings, address, exampleWindows{0, 0, 0, 0, 0, 0, 0, 0, 0b11, 0b11})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range settings.Steps {
		if err := trainer.Step(); err != nil {
			fmt.Println(err)
			return
		}
	}
	model, err := gan.NewModel(generator, trainer.Angles())
	if err != nil {
		fmt.Println(err)
		return
	}
	silent := 0
	for _, window := range model.Sample(address.Stream("samples"), 10_000) {
		if window[0] == 0 {
			silent++
		}
	}
	fmt.Printf("silent in %.2f of the bins\n", float64(silent)/10_000)
	// Output:
	// silent in 0.80 of the bins
}
