package circuit

import (
	"math"
	"math/big"
)

// The functions of this file return the same bits on every machine. Those of package math
// do not: their assembly and the compiler fuse a product with a sum on some processors
// and at some levels of GOAMD64. A conversion to float64 keeps the compiler from fusing
// (Go specification, "Floating-point operators").

// quarterTurn is π/2, and reduction the precision in which roundedSincos divides by it:
// angles below 2¹⁰⁰ keep all digits of a float64.
var quarterTurn, _, _ = big.ParseFloat("1.57079632679489661923132169163975144209858469968755291048747229", 10, reduction, big.ToNearestEven)

const reduction = 200

// roundedSincos returns the sine and the cosine of x, in radians, with an error of at
// most 2e-16 for |x| < 2¹⁰⁰. Larger angles count as 0.
func roundedSincos(x float64) (sin, cos float64) {
	if !(math.Abs(x) < 0x1p100) {
		return 0, 1
	}
	r, quadrant := x, 0
	if math.Abs(x) > math.Pi/4 {
		exact := new(big.Float).SetPrec(reduction).SetFloat64(x)
		turns := new(big.Float).SetPrec(reduction).Quo(exact, quarterTurn)
		half := big.NewFloat(math.Copysign(0.5, x))
		nearest, _ := new(big.Float).SetPrec(reduction).Add(turns, half).Int(nil)
		quadrant = int(new(big.Int).And(nearest, big.NewInt(3)).Int64())
		whole := new(big.Float).SetPrec(reduction).SetInt(nearest)
		r, _ = exact.Sub(exact, whole.Mul(whole, quarterTurn)).Float64()
	}
	sin, cos = sincosSeries(r)
	switch quadrant {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// sincosSeries returns sine and cosine of |r| ≤ π/4 by their Taylor series, whose next
// terms are below 1e-18.
func sincosSeries(r float64) (sin, cos float64) {
	square := r * r
	sin, cos = 1, 1
	for k := 18.; k > 1; k -= 2 {
		sin = 1 - float64(float64(square*sin)/(k*(k+1)))
		cos = 1 - float64(float64(square*cos)/(k*(k-1)))
	}
	// The loop ends with the term k = 2 of both.
	return float64(r * sin), cos
}

// roundedExp returns eˣ with a relative error below 1e-15; 0 below the normal numbers,
// and infinity above them.
func roundedExp(x float64) float64 {
	switch {
	case x < -708:
		return 0
	case x > 709:
		return math.Inf(1)
	}
	// x = k·ln 2 + r, with ln 2 in two parts, the first of which has zeros at its end.
	const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	k := math.Round(x / math.Ln2)
	r := float64(x-float64(k*high)) - float64(k*low)
	sum := 1.
	for i := 16.; i > 0; i-- {
		sum = 1 + float64(float64(r*sum)/i)
	}
	return math.Ldexp(sum, int(k))
}
