package surrogate

import (
	"math"
	"math/bits"

	"spiqsweep/simulator/random"
)

// Size of the surrogate, equal to that of the real recording.
const (
	Repeats = 297
	Bins    = 952
)

// Drives is the number of stimulus-locked series that all neurons share.
const Drives = 4

// poles are the poles of the shared drives: three slow ones and a fast one.
var poles = [Drives]float64{0.8, 0.8, 0.8, 0.6}

// Neuron holds the parameters of one neuron. Its loadings are standard
// deviations: their squares and the variance of its private noise add up to 1.
type Neuron struct {
	Threshold float64         // θ; the neuron fires where its latent exceeds it
	Shared    [Drives]float64 // loadings on the drives that all neurons share
	Own       float64         // loading on the neuron's own drive
	Pole      float64         // of the own drive, from 0 (white) towards 1 (slow)
	Common    float64         // loading on the noise that all neurons share within a repeat
	Memory    float64         // of the own private noise, from −1 (refractory) to 1 (bursting)
}

// Private returns the variance of the part of the latent that differs from
// repeat to repeat.
func (c Neuron) Private() float64 {
	v := 1 - float64(c.Own*c.Own)
	for _, l := range c.Shared {
		v -= float64(l * l)
	}
	return v
}

// Drive returns the stimulus-locked part of the neuron's latent, by bin. number
// is the neuron's index in Neurons; it selects the series of its drive.
func (c Neuron) Drive(number int) []float64 {
	drive := make([]float64, Bins)
	for i, l := range c.Shared {
		accumulate(drive, l, movie(uint64(i), poles[i]))
	}
	accumulate(drive, c.Own, movie(uint64(Drives+number), c.Pole))
	return drive
}

// accumulate adds factor·x to sum.
func accumulate(sum []float64, factor float64, x []float64) {
	for i := range sum {
		sum[i] += float64(factor * x[i])
	}
}

// movieSeed seeds the stimulus-locked series. They belong to the model: the
// parameters were fitted with them.
const movieSeed = 1

// movie returns a stationary series of unit variance: white noise through a
// second-order filter with a double pole r. Its autocorrelation at lag L is
// (1 + L(1−r²)/(1+r²)) r^L.
func movie(series uint64, r float64) []float64 {
	const warmUp = 256 // bins; r^256 is negligible
	noise := random.Training{Seed: movieSeed}.Stream("surrogate/movie").At(series, 0)
	square := float64(r * r)
	rest := 1 - square
	scale := math.Sqrt(float64(rest*rest) * rest / (1 + square))
	values := make([]float64, warmUp+Bins)
	for i := 2; i < len(values); i++ {
		values[i] = float64(2*r*values[i-1]) - float64(square*values[i-2]) + float64(scale*normal(&noise))
	}
	return values[warmUp:]
}

// Spikes calls spike for every bin of one repeat in which the neuron fires.
// number is its index in Neurons and drive the result of Drive(number).
func (c Neuron) Spikes(number int, drive []float64, seed uint64, repeat int, spike func(bin int)) {
	noise := random.Training{Seed: seed}.Stream("surrogate/private")
	common, own := noise.At(0, uint64(repeat)), noise.At(uint64(1+number), uint64(repeat))
	share := math.Sqrt((c.Private() - float64(c.Common*c.Common)) / (1 + float64(c.Memory*c.Memory)))
	last := normal(&own)
	for bin, d := range drive {
		e := normal(&own)
		latent := d + float64(c.Common*normal(&common)) + float64(share*(e+float64(c.Memory*last)))
		if latent > c.Threshold {
			spike(bin)
		}
		last = e
	}
}

// normal returns a nearly normal number of mean 0 and variance 1: the sum of 48
// coin flips, plus a uniform number that fills the gaps between the sums. Both
// are exact in binary.
func normal(g *random.Generator) float64 {
	u := g.Uint64()
	flips := float64(bits.OnesCount64(u >> 16))
	uniform := (float64(u&0xffff) + 0.5) * 0x1p-16
	return float64((flips - 24.5 + uniform) * perFlips)
}

// perFlips is 1/√(48/4 + 1/12), in 53 bits.
const perFlips = 0x1.26950e7ed41e9p-2
