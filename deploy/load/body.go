package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// The shape of every result.
const (
	neurons   = 4
	timesteps = 5
)

// bodies makes distinct results cheaply: they differ only in some digits of the first
// angle.
type bodies struct {
	before, after []byte // the parts of the body around the varied digits
}

// The first angle has 15 digits, which a float64 preserves. The varied digits are
// neither the first nor the last ones, so that the number stays in its shortest form.
const (
	firstAngle = 0.123456789012345
	fixed      = len(`{"angles":[[[[0.1`)
	varied     = 11
)

// newBodies makes a valid result of a configuration, with numbers as long as in real
// results.
func newBodies(c sweep.Configuration) (*bodies, error) {
	body, err := randomResult(c, rand.New(rand.NewPCG(1, 2))).Encode()
	if err != nil {
		return nil, err
	}
	return &bodies{before: body[:fixed], after: body[fixed+varied:]}, nil
}

// result returns the result of a given number, as the agent sends it.
func (b *bodies) result(number uint64) *spiqsweepv1.Result {
	body := make([]byte, 0, len(b.before)+varied+len(b.after))
	body = fmt.Appendf(append(body, b.before...), "%0*d", varied, number)
	body = append(body, b.after...)
	digest := sha256.Sum256(body)
	return &spiqsweepv1.Result{
		Body: protocol.Pack(body), Digest: hex.EncodeToString(digest[:]),
	}
}

// randomResult returns a result of the right shape with random numbers, which have
// all their digits.
func randomResult(c sweep.Configuration, random *rand.Rand) sweep.Result {
	r := sweep.Result{
		TrainableParameters: c.TrainableParameters(),
		Errors:              map[string]float64{}, Floors: map[string]float64{},
		Model: map[string][]float64{}, Data: map[string][]float64{},
		Angles:  make([][][][2]float64, c.Timesteps),
		Samples: make([][]uint32, sweep.SampleWindows),
	}
	for _, name := range sweep.ErrorNames {
		if name == "js_bits" { // defined for n·t ≤ 16 only
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

// vector returns the values of a statistic. Those of a distribution add up to 1.
func vector(name string, n int, random *rand.Rand) []float64 {
	values := make([]float64, n)
	sum := 0.0
	for i := range values {
		values[i] = random.Float64()
		sum += values[i]
	}
	if strings.HasSuffix(name, "probability") {
		for i := range values {
			values[i] /= sum
		}
	}
	return values
}
