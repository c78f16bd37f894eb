package circuit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// digest runs circuits of all shapes on a kernel and hashes every bit of their
// probabilities, samples and gradients.
func digest(t *testing.T, k Kernel) string {
	t.Helper()
	h := sha256.New()
	var ansatzes []Ansatz
	for n := 1; n <= 10; n++ {
		ansatzes = append(ansatzes, paper(n))
	}
	ansatzes = append(ansatzes,
		Ansatz{Neurons: 3, Layers: 1, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit},
		Ansatz{Neurons: 6, Auxiliary: 2, Layers: 2, Order: ParametersFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit, NoisePerLayer: true},
		Ansatz{Neurons: 5, Layers: 3, Order: EncodeFirst, FinalEncoding: true, Entangler: NoCNOTs, Readout: Trace, Noise: Shared},
	)
	for i, a := range ansatzes {
		b := randomBatch(a, uint64(i))
		tile, law, gradient := lawAndGradient(t, a, k, b)
		uniform, words := (*[Lanes]float32)(b.noise), new([Lanes]uint32)
		for j := range uniform {
			uniform[j] /= math.Pi
		}
		tile.Sample(uniform, words)
		for _, v := range []any{law, gradient, words[:]} {
			if err := binary.Write(h, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestGoldenDigests fails if a bit of the results of a kernel class changes. A
// change requires a new numerics version: raise it, delete the old digest and run
// with -update.
func TestGoldenDigests(t *testing.T) {
	const path = "testdata/digests.json"
	golden := map[string]string{}
	if data, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(data, &golden); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			got := digest(t, k)
			want, known := golden[k.Class]
			switch {
			case *update && !known:
				golden[k.Class] = got
			case !known:
				t.Skipf("skipped: needs a golden digest of class %s; this one is %s", k.Class, got)
			case got != want:
				t.Errorf("class %s has digest %s, want %s", k.Class, got, want)
			}
		})
	}
	if *update {
		data, err := json.MarshalIndent(golden, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "%s\n", data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
