//go:build !noasm

package gan

import (
	"fmt"
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/internal/tuning"
	"spiqsweep/simulator/random"
)

//go:generate sh -c "cd ../_asm/gan && go run . -out ../../gan/kernel_amd64.s -stubs ../../gan/kernel_stubs_amd64.go -pkg gan"

var avx2 = loops{
	fillSets: fillSets, sumSubsets: sumSubsetsAVX2, sumRows: sumRowsAVX2, addRows: addRowsAVX2, transposeSets: transposeSetsAVX2,
	switchOn: switchOnAVX2, unitsOn: unitsOnAVX2, unitsBetween: unitsBetweenAVX2, backSecond: backSecondAVX2,
	inputSlopes: inputSlopesAVX2, sumSquares: sumSquaresAVX2, penaltyScale: penaltyScaleAVX2, spreadSlopes: spreadSlopesAVX2,
	sumWords: sumWordsAVX2, reach: reachAVX2,
	findSwitched: findSwitchedAVX2, bend: bendAVX2, enumerate: enumerateAVX2,
	transpose: transposeAVX2, addTranspose: addTransposeAVX2, addCounts: addCountsAVX2,
	adam32: adam32AVX2, adam64: adam64AVX2,
	float32s: random.Float32s,
}

var avx512 = loops{
	fillSets: fillSetsAVX512, sumSubsets: sumSubsetsAVX512, sumRows: sumRowsAVX512, addRows: addRowsAVX512, transposeSets: transposeSetsAVX512,
	switchOn: switchOnAVX512, unitsOn: unitsOnAVX512, unitsBetween: unitsBetweenAVX512, backSecond: backSecondAVX512,
	inputSlopes: inputSlopesAVX512, sumSquares: sumSquaresAVX512, penaltyScale: penaltyScaleAVX512, spreadSlopes: spreadSlopesAVX512,
	sumWords: sumWordsAVX512, reach: reachAVX512,
	findSwitched: findSwitchedAVX512, bend: bendAVX512, enumerate: enumerateAVX512,
	transpose: transposeAVX512, addTranspose: addTransposeAVX512, addCounts: addCountsAVX512,
	adam32: adam32AVX512, adam64: adam64AVX512,
	float32s: float32sAVX512,
}

// loopsOf returns the inner loops that belong to a kernel of the circuits.
func loopsOf(k circuit.Kernel) *loops {
	switch k.Name {
	case "avx512":
		return &fastest().Table
	case "avx2":
		return &avx2
	default:
		return &portable
	}
}

// WideLoops is the kernel's method of that name for the loops of the training.
func WideLoops(k circuit.Kernel) []string {
	if k.Name != "avx512" {
		return nil
	}
	return fastest().Taken
}

// choice holds the loops of the kernel "avx512".
var choice tuning.Choice[loops]

// fastest chooses each loop by its share of the time of small trainings, as in package circuit.
func fastest() *tuning.Choice[loops] {
	return choice.Once(func(c *tuning.Choice[loops]) {
		var trainings []*Trainer
		for _, neurons := range []int{lowBits, lowBits + 2} { // few outcomes, and many
			trainings = append(trainings, smallTraining(neurons, &c.Table))
		}
		c.Between(avx2, avx512, func() {
			for _, t := range trainings {
				if err := t.Step(); err != nil {
					panic(fmt.Errorf("choose the loops of the training: %w", err))
				}
			}
		}, time.Now)
	})
}

// smallTraining returns a training whose critic runs on given loops.
func smallTraining(neurons int, l *loops) *Trainer {
	const timesteps = 4
	t, err := NewTrainer(Settings{
		Generator: Generator{
			Ansatz: circuit.Ansatz{
				Neurons: neurons, Layers: 1, Order: circuit.EncodeFirst, Entangler: circuit.Chain,
				Readout: circuit.Trace, Noise: circuit.PerQubit,
			},
			Timesteps: timesteps, NoiseHigh: 1, Kernel: circuit.Kernel{Name: "avx2"},
		},
		InitialAngles: Uniform2Pi, Steps: 1 << 30, BatchSize: 2 * lanes, CriticUpdates: 1, HiddenUnits: width,
		GeneratorLearningRate: 1e-3, CriticLearningRate: 1e-3, Schedule: Constant,
		Constraint: TwoSided, PenaltyWeight: 1, Gradient: Local, K: 1, KLoss: Absolute, Objective: WGAN,
	}, random.Training{Neurons: neurons, Timesteps: timesteps}, countingWindows(1<<neurons))
	if err != nil {
		panic(fmt.Errorf("choose the loops of the training: %w", err))
	}
	t.sampler.loops, t.critic.weights.loops, t.critic.gradient.loops = l, l, l
	return t
}

// countingWindows holds n windows; every word of window i is i.
type countingWindows int

func (n countingWindows) Len() int { return int(n) }

func (countingWindows) Copy(words []uint32, windows []int) {
	timesteps := len(words) / len(windows)
	for i := range words {
		words[i] = uint32(windows[i/timesteps])
	}
}
