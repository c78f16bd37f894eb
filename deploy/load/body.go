package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// The shape of every result.
const (
	neurons   = 4
	timesteps = 5
)

// bodies makes results that differ from each other and cost next to nothing: of
// one body, some digits of the first angle are another task's.
type bodies struct {
	before, after []byte // the body but for its varied digits
}

// The first angle has 15 digits, as many as every decimal keeps through a
// float64. Of these, varied vary; the first and the last ones never become 0.
const (
	firstAngle = 0.123456789012345
	fixed      = len(`{"angles":[[[[0.1`)
	varied     = 11
)

// newBodies makes a valid result of a configuration with numbers as long as real ones.
func newBodies(c sweep.Configuration) (*bodies, error) {
	body, err := plausible(c, rand.New(rand.NewPCG(1, 2))).Encode()
	if err != nil {
		return nil, err
	}
	return &bodies{before: body[:fixed], after: body[fixed+varied:]}, nil
}

// result is that of one task, as the agent sends it.
func (b *bodies) result(number uint64) *spiqsweepv1.Result {
	body := make([]byte, 0, len(b.before)+varied+len(b.after))
	body = fmt.Appendf(append(body, b.before...), "%0*d", varied, number)
	body = append(body, b.after...)
	digest := sha256.Sum256(body)
	return &spiqsweepv1.Result{
		Body: protocol.Pack(body), Digest: hex.EncodeToString(digest[:]),
	}
}

// plausible is a result of the right shape: random numbers with all their digits.
func plausible(c sweep.Configuration, random *rand.Rand) sweep.Result {
	r := sweep.Result{
		TrainableParameters: c.TrainableParameters(),
		Errors:              map[string]float64{}, Floors: map[string]float64{},
		Model: map[string][]float64{}, Data: map[string][]float64{},
		Angles:  make([][][][2]float64, c.Timesteps),
		Samples: make([][]uint32, sweep.SampleWindows),
	}
	for _, name := range sweep.ErrorNames {
		if name == "js_bits" { // of n·t ≤ 16 alone
			continue
		}
		r.Errors[name] = random.Float64() / 1000
		if name != "js_k_probability_bits" {
			r.Floors[name] = random.Float64() / 1e6
		}
	}
	for _, name := range sweep.StatisticNames {
		if n := sweep.StatisticLength(name, c.Neurons, c.Timesteps); n > 0 {
			r.Model[name], r.Data[name] = vector(name, n, random), vector(name, n, random)
		}
	}
	for t := range r.Angles {
		r.Angles[t] = make([][][2]float64, c.Circuit.Layers)
		for l := range r.Angles[t] {
			r.Angles[t][l] = make([][2]float64, c.Qubits())
			for q := range r.Angles[t][l] {
				r.Angles[t][l][q] = [2]float64{random.Float64(), 6 * random.Float64()}
			}
		}
	}
	r.Angles[0][0][0][0] = firstAngle
	for i := range r.Samples {
		r.Samples[i] = make([]uint32, c.Timesteps)
		for s := range r.Samples[i] {
			r.Samples[i][s] = random.Uint32N(1 << c.Neurons)
		}
	}
	return r
}

// vector is a statistic's; one that is a distribution adds up to 1.
func vector(name string, n int, random *rand.Rand) []float64 {
	values := make([]float64, n)
	sum := 0.0
	for i := range values {
		values[i] = random.Float64()
		sum += values[i]
	}
	if name == "k_probability" {
		for i := range values {
			values[i] /= sum
		}
	}
	return values
}
