package circuit

import (
	"math"
	"testing"
)

func TestPhasesAtAnyAngle(t *testing.T) {
	for _, k := range Kernels() {
		gamma, z := aligned(Lanes), rowsOf(1)
		worst := 0.0
		check := func() {
			loopsOf(k).phases(z, gamma, 1)
			for i, g := range gamma {
				s, c := math.Sincos(float64(g))
				worst = max(worst, math.Hypot(float64(z[i])-c, float64(z[i+Lanes])-s))
			}
		}
		for i := range 20000 {
			for j := range gamma {
				gamma[j] = (float32(i*Lanes+j)/160000 - 1) * 4 * math.Pi // ±4π, evenly
			}
			check()
			for j := range gamma {
				gamma[j] *= 1000
			}
			check()
		}
		for n := range 64 { // around multiples of π/4, and tiny
			for j := range gamma {
				gamma[j] = float32(n-32)*math.Pi/4 + float32(j-8)*1e-7
			}
			check()
			for j := range gamma {
				gamma[j] = math.Float32frombits(uint32(n<<4+j) << 17)
			}
			gamma[0] = float32(math.Copysign(0, -1))
			if n < 32 {
				check()
			}
		}
		if worst > 1.2e-7 {
			t.Errorf("%s: e^{iγ} off by up to %.2g", k.Name, worst)
		}
	}
}
