package gan

import (
	"math"
	"testing"
)

// TestAdam compares a few updates with the formula.
func TestAdam(t *testing.T) {
	tests := []struct {
		name         string
		beta1, beta2 float64
	}{{"the defaults", 0, 0.9}, {"Kingma & Ba", 0.9, 0.999}, {"no memory", 0, 0}}
	gradients := []float64{1, -2, 0.5, 0, 1e-6}
	rates := []float64{0.1, 0.1, 0.05, 0.01, 0.002}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wide, narrow := newAdam(1, test.beta1, test.beta2, portable.adam64), newAdam(1, test.beta1, test.beta2, portable.adam32)
			x, y := []float64{3}, []float32{3}
			want := 3.0
			for k, g := range gradients {
				wide.update(x, []float64{g}, rates[k], k+1)
				narrow.update(y, []float32{float32(g)}, rates[k], k+1)
				// Both moments are weighted means of all gradients so far.
				var mean, square, weight1, weight2 float64
				for i, past := range gradients[:k+1] {
					age := float64(k - i)
					w1, w2 := math.Pow(test.beta1, age), math.Pow(test.beta2, age)
					mean, weight1 = mean+w1*past, weight1+w1
					square, weight2 = square+w2*past*past, weight2+w2
				}
				want -= rates[k] * (mean / weight1) / (math.Sqrt(square/weight2) + 1e-8)
				if math.Abs(x[0]-want) > 1e-12 || math.Abs(float64(y[0])-want) > 1e-5 {
					t.Fatalf("after update %d: %v and %v, want %v", k+1, x[0], y[0], want)
				}
			}
		})
	}
}

// TestAdamStaysAboveSubnormalNumbers makes many updates with gradients at or near
// 0.
func TestAdamStaysAboveSubnormalNumbers(t *testing.T) {
	const smallestNormal = 0x1p-126
	for _, k := range inner().Kernels {
		for _, g := range []float32{0, 1e-20} {
			a, x := newAdam(1, 0, 0.9, k.Loops.adam32), []float32{1}
			for update := range 2000 {
				a.update(x, []float32{g}, 0.002, update+1)
				if a.square[0] < smallestNormal {
					t.Fatalf("%s: after update %d by %v the square is %v", k.Name, update+1, g, a.square[0])
				}
			}
			if math.Abs(float64(x[0])-1) > 1e-6 {
				t.Errorf("%s: gradients of %v took 1 to %v", k.Name, g, x[0])
			}
		}
	}
}

// TestCorrection compares with the formula, in particular where the power begins to be
// left out.
func TestCorrection(t *testing.T) {
	for _, beta := range []float64{0, 0.5, 0.9, 0.99, 0.999} {
		for k := 1; float64(k)*(1-beta) < 45; k++ {
			if got, want := correction(beta, k), 1-math.Pow(beta, float64(k)); got != want {
				t.Errorf("β = %v, update %d: %v, want %v", beta, k, got, want)
			}
		}
	}
}
