package baseline

import (
	"fmt"
	"math"
)

// fitDichotomisedGaussian fits the dichotomised Gaussian (Emrich & Piedmonte
// 1991; Macke, Berens, Ecker, Tolias & Bethge 2009): neuron i spikes if z_i is
// below its threshold,
//
//	x_i = 1 if z_i < γ_i, else 0;    z normal with means 0, variances 1, correlations λ_ij.
//
// The thresholds follow from the rates (counts.rates), γ_i = Φ⁻¹(r_i), and λ_ij
// from the pair moments, Φ₂(γ_i, γ_j; λ_ij) = E[x_i x_j], by bisection, within
// ±0.999; λ_ij = 0 for a neuron that never or always spikes. Correlations that
// are found pair by pair need not be positive definite. If an eigenvalue is below
// 0.001, all such are raised to it and the variances scaled to 1 again; the pair
// moments then differ from the data's.
//
// The law of the 2ⁿ words is computed in two steps: first all orthant
// probabilities together (orthants), then the law with the exact rates and pair
// moments of the dichotomised Gaussian that has the least relative entropy to that
// one. On the recording's ten most active neurons a probability is then accurate
// to about 5e-6, and for twelve to 5e-5. (The floors of the elements of P(k) are
// about 4e-4.)
func fitDichotomisedGaussian(c counts) (Model, error) {
	n := c.neurons
	rates := c.rates()
	thresholds := make([]float64, n)
	for i, rate := range rates {
		thresholds[i] = normalQuantile(rate)
	}
	normal := newBivariate()
	observed := c.expectations(momentFeatures(n))
	correlations := make([][]float64, n)
	for i := range correlations {
		correlations[i] = make([]float64, i+1)
		correlations[i][i] = 1
	}
	pair := n
	for i := range n {
		for j := i + 1; j < n; j++ {
			if constant(observed[i]) || constant(observed[j]) {
				pair++
				continue
			}
			angle := normal.angle(thresholds[i], thresholds[j], observed[pair], math.Asin(mostCorrelated))
			correlations[j][i] = math.Sin(angle)
			pair++
		}
	}
	correlations = positiveDefinite(correlations)
	target := rates
	var flat []float64
	for i := range n {
		for j := i + 1; j < n; j++ {
			flat = append(flat, correlations[j][i])
			target = append(target, normal.below(thresholds[i], thresholds[j], math.Asin(correlations[j][i])))
		}
	}
	base, err := orthants(thresholds, correlations)
	if err != nil {
		return nil, err
	}
	for word, p := range independentLaw(rates) {
		base[word] += orthantFloor * p // where rounding left nothing
	}
	f := family{base: base, features: momentFeatures(n)}
	law, _, err := f.fit(target)
	if err != nil {
		return nil, err
	}
	return newWordLaw(c, law, n+len(flat), map[string][]float64{
		"thresholds": thresholds, "latent_correlations": flat,
	}), nil
}

const (
	mostCorrelated  = 0.999
	leastEigenvalue = 0.001
	// orthantFloor is far below the error of orthants.
	orthantFloor = 1e-9
)

// positiveDefinite returns the correlations with eigenvalues raised to
// leastEigenvalue and variances scaled to 1, or a itself if no eigenvalue is below
// it.
func positiveDefinite(a [][]float64) [][]float64 {
	values, vectors := eigen(a)
	raised := false
	for i, v := range values {
		raised = raised || v < leastEigenvalue
		values[i] = max(v, leastEigenvalue)
	}
	if !raised {
		return a
	}
	product := make([][]float64, len(a))
	for i := range product {
		product[i] = make([]float64, i+1)
		for j := range product[i] {
			for k, v := range values {
				product[i][j] += v * vectors[i][k] * vectors[j][k]
			}
		}
	}
	scaled := make([][]float64, len(a))
	for i, row := range product {
		scaled[i] = make([]float64, i+1)
		for j, v := range row {
			scaled[i][j] = v / math.Sqrt(product[i][i]*product[j][j])
		}
		scaled[i][i] = 1
	}
	return scaled
}

// orthants returns the law of the words: P(z_i < γ_i for the neurons of the word,
// z_i > γ_i for the others). It integrates over the uniform variables of Genz
// (1992), which draw z_1, z_2, … each given the ones before and the side of its
// threshold, so that the integrand is the probability of that side at each step.
// The points are a lattice; all words share them, and words with the same first
// neurons share those steps. The probabilities add up to 1 at every point.
func orthants(thresholds []float64, correlations [][]float64) ([]float64, error) {
	factor, ok := choleskyOf(correlations, 0)
	if !ok {
		return nil, fmt.Errorf("the latent correlations are not positive definite")
	}
	n := len(thresholds)
	o := orthantTree{
		thresholds: thresholds, factor: factor, normal: newNormalTable(),
		uniform: make([]float64, n), z: make([]float64, n), law: make([]float64, 1<<n),
	}
	points := min(mostWords>>n, mostPoints)
	for point := range points {
		for i := range o.uniform {
			o.uniform[i] = latticePoint(point, i, points)
		}
		o.descend(0, 0, 1/float64(points))
	}
	return o.law, nil
}

// Bounds of orthants: words times points, a few seconds of work, and points.
const (
	mostWords  = 1 << 25
	mostPoints = 1 << 15
)

// orthantTree adds the probabilities of all words at one point.
type orthantTree struct {
	thresholds []float64
	factor     [][]float64 // of the correlations, lower triangular
	normal     *normalTable
	uniform    []float64 // the point
	z          []float64 // independent normal variables of the neurons above
	law        []float64
}

// descend adds the words that continue a word of the first i neurons.
func (o *orthantTree) descend(i int, word uint, weight float64) {
	row := o.factor[i]
	distance := o.thresholds[i]
	for j, z := range o.z[:i] {
		distance -= row[j] * z
	}
	p := o.normal.cdf(distance / row[i])
	if i == len(o.thresholds)-1 {
		o.law[word|1<<i] += weight * p
		o.law[word] += weight * (1 - p)
		return
	}
	o.z[i] = normalQuantile(max(o.uniform[i]*p, tiny))
	o.descend(i+1, word|1<<i, weight*p)
	o.z[i] = -normalQuantile(max((1-o.uniform[i])*(1-p), tiny))
	o.descend(i+1, word, weight*(1-p))
}

// tiny keeps quantiles finite.
const tiny = 1e-16

// latticePoint returns coordinate i of a point of a Korobov lattice, shifted by
// half a step and folded by the tent function, which makes it as accurate for
// functions that are not periodic (Hickernell 2002). The number of points is a
// power of 2, at most mostPoints.
func latticePoint(point, i, points int) float64 {
	u := (float64(point*lattice[i]%points) + 0.5) / float64(points)
	return 1 - math.Abs(2*u-1)
}

// lattice holds the powers of a multiplier, modulo mostPoints. Of 1500 random ones
// it has the smallest figures of merit P₂ (Sloan & Joe 1994), by their geometric
// mean over 2¹² … 2¹⁶ points and 2 … 11 coordinates.
var lattice = func() (powers [maxEnumerated]int) {
	const multiplier = 46115
	powers[0] = 1
	for i := 1; i < len(powers); i++ {
		powers[i] = powers[i-1] * multiplier % mostPoints
	}
	return powers
}()
