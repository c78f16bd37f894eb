package gan

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	tiny := math.Float32frombits(1)
	for v, on := range map[float32]bool{
		1: true, -1: false, 0: false, tiny: true, -tiny: false,
		float32(math.Inf(1)): true, float32(math.Inf(-1)): false,
	} {
		if got := masked(3, mask(v)) == 3; got != on {
			t.Errorf("a unit with the pre-activation %v: on is %v", v, got)
		}
	}
	if negativeZero := math.Float32frombits(1 << 31); mask(negativeZero) != 0 {
		t.Error("a unit with the pre-activation −0 is on")
	}
}

// TestUnitsAreSorted compares with a look at every outcome of a patch.
func TestUnitsAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "neurons")
		w := newNetwork(n, rapid.IntRange(1, 20).Draw(t, "hidden"))
		weight := rapid.Float32Range(-1, 1)
		for i := range w.all {
			w.all[i] = weight.Draw(t, "weight")
		}
		o := newOutcomes(w, n)
		o.patch(0)
		drawn := rapid.Uint32Range(0, 1<<n-1).Draw(t, "drawn")
		row := make([]float32, w.stride)
		w.preactivation(row, n, []uint32{drawn})
		o.sample(3, row, drawn)
		for h := range w.stride {
			least, most := math.Inf(1), math.Inf(-1)
			for x := range 1 << n {
				v := float64(w.bias[h])
				for i, bit := range bitsOf(n, []uint32{uint32(x)}) {
					v += bit * float64(w.column(i)[h])
				}
				least, most = min(least, v), max(most, v)
			}
			if math.Abs(least) < 1e-5 || math.Abs(most) < 1e-5 {
				continue // within rounding of both
			}
			between := slices.Contains(o.between[3*w.stride:][:o.units[3]], h)
			if want := least < 0 && most > 0; between != want {
				t.Fatalf("unit %d goes from %v to %v: in between is %v", h, least, most, between)
			}
			if got, want := o.active[h*lanes+3] != 0, least > 0 && w.second[h] != 0; got != want {
				t.Fatalf("unit %d goes from %v to %v: always on is %v", h, least, most, got)
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	src := make([]float32, lanes*5)
	for i := range src {
		src[i] = float32(i)
	}
	dst := make([]float32, 3*lanes)
	transpose(dst, src)
	for x := range 3 {
		for l := range lanes {
			if got := dst[x*lanes+l]; got != float32(l*5+x) {
				t.Errorf("word %d of lane %d is %v, want %v", x, l, got, l*5+x)
			}
		}
	}
}
