package baseline

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// exp returns eˣ. math.Exp, and math.Erf by it, use fused multiply-adds on amd64
// if the processor has them, so their last bits differ between machines; math.Exp2
// does not.
func exp(x float64) float64 { return math.Exp2(x * math.Log2E) }

// normalQuantile returns the x below which a standard normal variable is with
// probability p.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func normalDensity(x float64) float64 { return exp(-x*x/2) / math.Sqrt(2*math.Pi) }

// normalCDF returns the probability that a standard normal variable is below x,
// to about 1e-15, by the series Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …)
// (Marsaglia 2004).
func normalCDF(x float64) float64 {
	if math.Abs(x) > normalRange {
		return (1 + math.Copysign(1, x)) / 2
	}
	sum, term := x, x
	for k := 3.0; sum+term != sum; k += 2 {
		term *= x * x / k
		sum += term
	}
	return max(0, 0.5+sum*normalDensity(x))
}

// normalRange is an x beyond which the probability is 1e-16 or less.
const normalRange = 8.25

// normalTable interpolates normalCDF between its values and slopes at multiples of
// 1/normalSteps, with an error below 3e-10 (h⁴/384 times the largest fourth
// derivative, 1.4). It fits a processor's L1 cache.
type normalTable [2*normalSteps*normalRange + 1]struct{ value, slope float64 }

const normalSteps = 64

func newNormalTable() *normalTable {
	t := new(normalTable)
	for i := range t {
		x := float64(i)/normalSteps - normalRange
		t[i].value, t[i].slope = normalCDF(x), normalDensity(x)/normalSteps
	}
	return t
}

func (t *normalTable) cdf(x float64) float64 {
	at := (x + normalRange) * normalSteps
	if !(at > 0) {
		return 0
	}
	if at >= float64(len(t)-1) {
		return 1
	}
	i := int(at)
	u := at - float64(i)
	left, right := &t[i], &t[i+1]
	rise := right.value - left.value
	return left.value + u*(left.slope+u*(3*rise-2*left.slope-right.slope+u*(left.slope+right.slope-2*rise)))
}

// bivariate computes probabilities of pairs of correlated standard normal
// variables.
type bivariate struct{ nodes, weights []float64 } // Gauss–Legendre on [0, 1]

func newBivariate() bivariate {
	const points = 64
	b := bivariate{make([]float64, points), make([]float64, points)}
	quad.Legendre{}.FixedLocations(b.nodes, b.weights, 0, 1)
	return b
}

// below returns the probability that two variables of correlation sin(angle) are
// below h and k (Plackett 1954; Drezner & Wesolowsky 1990):
//
//	Φ(h)·Φ(k) + 1/2π·∫₀^angle exp(−(h² + k² − 2hk·sin θ)/(2cos² θ)) dθ.
func (b bivariate) below(h, k, angle float64) float64 {
	var sum float64
	for i, node := range b.nodes {
		sine, cosine := math.Sincos(angle * node)
		sum += b.weights[i] * exp(-(h*h+k*k-2*h*k*sine)/(2*cosine*cosine))
	}
	return normalCDF(h)*normalCDF(k) + angle/(2*math.Pi)*sum
}

// angle returns the angle, up to largest in size, at which below is nearest to the
// given probability. It increases with the angle.
func (b bivariate) angle(h, k, probability, largest float64) float64 {
	low, high := -largest, largest
	for range 55 { // to rounding
		if middle := (low + high) / 2; b.below(h, k, middle) < probability {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}
