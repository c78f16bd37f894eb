package circuit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// anyModel draws an ansatz of every model.
func anyModel() *rapid.Generator[Ansatz] {
	return rapid.Custom(func(t *rapid.T) Ansatz {
		a := anyAnsatz(5).Draw(t, "ansatz")
		a.Model = rapid.SampledFrom([]Model{Quantum, Quantum, Mixture, RBM}).Draw(t, "model")
		if a.Model != Quantum {
			a.Auxiliary, a.Noise, a.NoisePerLayer, a.Readout = 0, Shared, false, Trace
		}
		return a
	})
}

func TestLawAgreesWithExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyModel().Draw(t, "ansatz")
		angles := draws(t, anyAngle(), a.Angles(), "angles")
		noise := draws(t, anyAngle(), a.NoiseRows(), "noise")
		if a.Readout == Postselect && keptProbability(a, angles, noise) < 1e-6 {
			t.Skip("the kept outcome is too unlikely to be normalised")
		}
		want, got := make([]float64, a.Words()), make([]float64, a.Words())
		a.NewExact().Probabilities(want, angles, noise)
		a.NewLaw(angles).Weights(got, noise)
		sum := 0.0
		for _, weight := range got {
			sum += weight
		}
		for x := range got {
			got[x] /= sum
		}
		if d := largestDifference(got, want); d > 1e-9 {
			t.Errorf("probabilities off by %.2g: got %v, want %v", d, got, want)
		}
	})
}

// TestLawBits guards the bits of laws, which must not depend on the machine or on GOAMD64.
func TestLawBits(t *testing.T) {
	const want = "173a92d32caf1872c1501cabe81c4bd7922d8b1be3401a72ac6dbc0993347aa6"
	r := rand.New(rand.NewPCG(1, 2))
	h := sha256.New()
	for _, a := range []Ansatz{
		{Neurons: 4, Layers: 4, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: Shared},
		{Neurons: 3, Auxiliary: 2, Layers: 3, Order: ParametersFirst, FinalEncoding: true, Entangler: Ring, Readout: Postselect, Noise: PerQubit, NoisePerLayer: true},
		{Neurons: 5, Layers: 2, Order: EncodeFirst, Entangler: NoCNOTs, Readout: Trace, Noise: Shared, Model: Mixture},
		{Neurons: 5, Layers: 3, Order: EncodeFirst, Entangler: NoCNOTs, Readout: Trace, Noise: Shared, Model: RBM},
	} {
		for range 20 {
			angles, noise, weights := make([]float64, a.Angles()), make([]float64, a.NoiseRows()), make([]float64, a.Words())
			for i := range angles {
				angles[i] = 16*r.Float64() - 8
			}
			for i := range noise {
				noise[i] = 3 * r.Float64()
			}
			a.NewLaw(angles).Weights(weights, noise)
			for _, weight := range weights {
				h.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(weight)))
			}
		}
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// TestRoundedFunctions compares with package math, and for large angles with a reduction in
// much higher precision.
func TestRoundedFunctions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.Float64Range(-1e5, 1e5), anyAngle()).Draw(t, "x")
		sin, cos := roundedSincos(x)
		wantSin, wantCos := math.Sincos(x)
		if math.Abs(sin-wantSin) > 4e-16 || math.Abs(cos-wantCos) > 4e-16 {
			t.Errorf("sine and cosine of %v: %v and %v, want %v and %v", x, sin, cos, wantSin, wantCos)
		}
		y := rapid.Float64Range(-700, 700).Draw(t, "y")
		if got, want := roundedExp(y), math.Exp(y); math.Abs(got-want) > 2e-15*want {
			t.Errorf("exp(%v) = %v, want %v", y, got, want)
		}
	})
	for _, turns := range []int64{1, 12345678901, 1 << 50} {
		x := new(big.Float).SetPrec(300).Mul(quarterTurn, new(big.Float).SetInt64(4*turns))
		angle, _ := x.Add(x, big.NewFloat(1)).Float64()
		exact := new(big.Float).SetPrec(300).SetFloat64(angle)
		rest, _ := exact.Sub(exact, new(big.Float).SetPrec(300).Mul(quarterTurn, new(big.Float).SetInt64(4*turns))).Float64()
		sin, cos := roundedSincos(angle)
		if math.Abs(sin-math.Sin(rest)) > 4e-16 || math.Abs(cos-math.Cos(rest)) > 4e-16 {
			t.Errorf("sine and cosine of %v: %v and %v, want those of %v", angle, sin, cos, rest)
		}
	}
	if roundedExp(-800) != 0 || !math.IsInf(roundedExp(800), 1) || roundedExp(math.Inf(-1)) != 0 || roundedExp(0) != 1 {
		t.Error("roundedExp is wrong at its ends")
	}
}
