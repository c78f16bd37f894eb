package circuit

import (
	"math"
	"math/cmplx"
	"testing"

	"pgregory.net/rapid"
)

// anAngle draws any angle, or one at which gates degenerate.
func anAngle(t *rapid.T, label string) float64 {
	quarters := float64(rapid.IntRange(-9, 9).Draw(t, label+" in quarter turns"))
	return quarters*math.Pi/2 + rapid.SampledFrom([]float64{0, 0, 1e-20, -1e-9, 0.3, 1}).Draw(t, label+" and more")
}

func TestSetTurns(t *testing.T) {
	angles := []float64{0, 1, -1, math.Pi, -math.Pi / 2, math.Pi / 4, 1e-300, 12345.678, -farAngle + 1, farAngle, -1e300, 7}
	turns := make([]turn, len(angles))
	for _, k := range Kernels() {
		loopsOf(k).setTurns(turns, angles)
		for i, x := range angles {
			s, c := math.Sincos(x)
			if bound := 5e-9 + 1e-15*min(math.Abs(x), farAngle-1); math.Abs(turns[i].sin-s) > bound || math.Abs(turns[i].cos-c) > bound {
				t.Errorf("%s: %v has the turn %v, want {%v %v}", k.Name, x, turns[i], s, c)
			}
		}
	}
}

// TestGateFactorisation checks that the columns of a gate, and phase · rotation ·
// phase, equal the product B†·RZ·RY·B up to a global phase.
func TestGateFactorisation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		theta, phi, last := anAngle(t, "theta"), anAngle(t, "phi"), rapid.Bool().Draw(t, "last")
		b := ry(math.Pi / 2)
		want := b.adjoint().times(rz(phi)).times(ry(theta)).times(b)
		if last {
			want = ry(theta).times(b)
		}
		pair := make([]turn, 2)
		turns(pair, []float64{theta, phi})
		if last {
			pair[0], pair[1] = lastTurns(pair[0])
		}
		all := make([]gate, 1)
		gates(all, pair)
		g := &all[0]
		if !(g.tangent >= 0 && g.tangent <= 1+1e-8) {
			t.Errorf("tangent = %v, want 0 to 1", g.tangent)
		}
		zero0, zero1, one0, one1 := columns(g)
		c := complex(1/math.Sqrt(1+g.tangent*g.tangent), 0)
		s := c * complex(g.tangent, 0)
		factors := matrix{1, 0, 0, g.alpha}.times(matrix{c, -s, s, c}).times(matrix{1, 0, 0, g.delta})
		if g.flip == 1 {
			factors = factors.times(matrix{0, 1, 1, 0})
		}
		for name, got := range map[string]matrix{"columns": {zero0, one0, zero1, one1}, "factors": factors} {
			if d := apart(got, want); !(d < 2e-8) {
				t.Errorf("%s: %v, want %v: %v apart", name, got, want, d)
			}
		}
	})
}

// apart returns the distance of two unitary matrices up to a global phase.
func apart(m, n matrix) float64 {
	var overlap complex128
	for i := range m {
		overlap += cmplx.Conj(m[i]) * n[i]
	}
	worst := 0.0
	for i := range m {
		worst = max(worst, cmplx.Abs(m[i]*overlap/complex(cmplx.Abs(overlap), 0)-n[i]))
	}
	return worst
}
