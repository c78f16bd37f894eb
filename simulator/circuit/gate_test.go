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
	angles := []float64{0, 1, -1, math.Pi, -math.Pi / 2, math.Pi / 4, 1e-300, 12345.678, farAngle, -1e300}
	turns := make([]turn, len(angles))
	setTurns(turns, angles)
	for i, x := range angles {
		s, c := math.Sincos(x)
		if bound := 5e-9 + 1e-15*min(math.Abs(x), farAngle-1); math.Abs(turns[i].sin-s) > bound || math.Abs(turns[i].cos-c) > bound {
			t.Errorf("%v has the turn %v, want {%v %v}", x, turns[i], s, c)
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
		turns := make([]turn, 2)
		setTurns(turns, []float64{theta, phi})
		var g gate
		if last {
			g.setLast(turns[0])
		} else {
			g.set(turns[0], turns[1])
		}
		if !(g.tangent >= 0 && g.tangent <= 1+1e-8) {
			t.Errorf("tangent = %v, want 0 to 1", g.tangent)
		}
		zero0, zero1, one0, one1 := g.columns()
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
