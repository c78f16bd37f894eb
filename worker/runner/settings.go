package runner

import (
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/sweep"
)

// settingsOf converts a configuration to the simulator's settings.
func settingsOf(c sweep.Configuration, kernel circuit.Kernel) gan.Settings {
	t := c.Training
	return gan.Settings{
		Generator:             generatorOf(c, kernel),
		InitialAngles:         gan.InitialAngles(c.Circuit.InitialAngles),
		Objective:             gan.Objective(c.Objective),
		Steps:                 t.Steps,
		Restarts:              t.Restarts,
		BatchSize:             t.BatchSize,
		CriticUpdates:         t.CriticUpdates,
		HiddenUnits:           t.HiddenUnits,
		GeneratorLearningRate: t.GeneratorLearningRate,
		CriticLearningRate:    t.CriticLearningRate,
		Beta1:                 t.Beta1,
		Beta2:                 t.Beta2,
		Schedule:              gan.Schedule(t.Schedule),
		Average:               t.Average,
		Constraint:            gan.Constraint(t.Constraint),
		PenaltyWeight:         t.PenaltyWeight,
		ClipBound:             t.ClipBound,
		Gradient:              gan.Gradient(t.Gradient),
		K:                     c.K,
		KLoss:                 gan.KLoss(t.KLoss),
	}
}

func generatorOf(c sweep.Configuration, kernel circuit.Kernel) gan.Generator {
	if c.IsBaseline() { // a classical generator
		return gan.Generator{
			Ansatz: circuit.Ansatz{
				Neurons: c.Neurons, Layers: c.Circuit.Layers, Order: circuit.EncodeFirst, Entangler: circuit.NoCNOTs,
				Readout: circuit.Trace, Noise: circuit.Shared, Model: circuit.Model(c.Model),
			},
			Timesteps: c.Timesteps, NoisePerPatch: c.Circuit.NoisePerPatch, NoiseLow: 0, NoiseHigh: 1, Kernel: kernel,
		}
	}
	return gan.Generator{
		Ansatz: circuit.Ansatz{
			Neurons:       c.Neurons,
			Auxiliary:     c.Circuit.Auxiliary,
			Layers:        c.Circuit.Layers,
			Order:         circuit.Order(c.Circuit.Order),
			FinalEncoding: c.Circuit.FinalEncoding,
			Entangler:     circuit.Entangler(c.Circuit.Entangler),
			Readout:       circuit.Readout(c.Circuit.AuxiliaryReadout),
			Noise:         circuit.Noise(c.Circuit.Noise),
			NoisePerLayer: c.Circuit.NoisePerLayer,
		},
		Timesteps:     c.Timesteps,
		NoisePerPatch: c.Circuit.NoisePerPatch,
		NoiseLow:      c.Circuit.NoiseLow,
		NoiseHigh:     c.Circuit.NoiseHigh,
		Kernel:        kernel,
	}
}

// addressOf returns the address of a task's random streams.
func addressOf(c sweep.Configuration) random.Training {
	return random.Training{Seed: c.Seed, Neurons: c.Neurons, Timesteps: c.Timesteps, Replicate: c.Replicate}
}
