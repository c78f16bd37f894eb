package circuit

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzTile compares every kernel with Exact, for any ansatz and finite angles.
func FuzzTile(f *testing.F) {
	f.Add(byte(3), byte(1), byte(2), byte(0), []byte("some angles and noise to begin with, then more of it"))
	f.Add(byte(8), byte(0), byte(4), byte(0b0100_0101), []byte{})
	f.Fuzz(func(t *testing.T, qubits, auxiliary, layers, settings byte, numbers []byte) {
		n := 1 + int(qubits)%8
		aux := int(auxiliary) % min(3, n)
		pick := func(bit int) bool { return settings>>bit&1 == 1 }
		a := Ansatz{
			Neurons: n - aux, Auxiliary: aux, Layers: 1 + int(layers)%5,
			Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit,
			FinalEncoding: pick(0), NoisePerLayer: pick(1),
		}
		if pick(2) {
			a.Order = ParametersFirst
		}
		if pick(3) {
			a.Entangler = NoCNOTs
		}
		if pick(4) {
			a.Noise = NoNoise
		}
		b := batch{
			angles: make([]float64, a.Angles()),
			noise:  make([]float32, a.NoiseRows()*Lanes), weights: make([]float32, a.Words()*Lanes),
		}
		next := func(i int) float64 { // 16 bits of a number, in steps of π/8192 up to ±4π
			if len(numbers) < 2 {
				return 0
			}
			at := 2 * i % (len(numbers) - 1)
			return float64(int16(binary.LittleEndian.Uint16(numbers[at:]))) * math.Pi / 8192
		}
		for i := range b.angles {
			b.angles[i] = next(i)
		}
		for i := range b.noise {
			b.noise[i] = float32(next(7 * i))
		}
		for i := range b.weights {
			b.weights[i] = float32(next(3*i) / (4 * math.Pi))
		}
		for _, k := range Kernels() {
			compareTile(t, a, k, b, exactBoth(a))
		}
	})
}
