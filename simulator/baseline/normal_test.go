package baseline

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNormal(t *testing.T) {
	table := newNormalTable()
	for x := -9.0; x < 9; x += 0.0371 {
		want := math.Erfc(-x/math.Sqrt2) / 2
		near(t, "CDF", normalCDF(x), want, 2e-15)
		near(t, "CDF by the table", table.cdf(x), want, 3e-10)
		if math.Abs(x) < 5 {
			near(t, "quantile of the CDF", normalQuantile(want), x, 1e-8)
		}
		near(t, "exp", exp(x)/math.Exp(x), 1, 1e-14)
	}
	for x, want := range map[float64]float64{-1e300: 0, math.Inf(-1): 0, 1e300: 1, math.Inf(1): 1} {
		if got := table.cdf(x); got != want {
			t.Errorf("CDF of %v by the table is %v", x, got)
		}
	}
}

// TestBivariate compares with Sheppard's formula for thresholds 0 and with an
// integral over one of the variables.
func TestBivariate(t *testing.T) {
	b := newBivariate()
	for _, correlation := range []float64{-0.999, -0.9, -0.3, 0, 0.2, 0.8, 0.99, 0.999} {
		angle := math.Asin(correlation)
		near(t, "both below 0", b.below(0, 0, angle), 0.25+angle/(2*math.Pi), 1e-14)
		for _, h := range []float64{-3, -1.2, 0.5} {
			for _, k := range []float64{-2.5, -1, 0, 2} {
				var want float64
				const width = 1e-4
				for x := -9 + width/2; x < h; x += width {
					want += width * normalDensity(x) * normalCDF((k-correlation*x)/math.Sqrt(1-correlation*correlation))
				}
				got := b.below(h, k, angle)
				near(t, "both below their thresholds", got, want, 1e-5)
				found := b.angle(h, k, got, math.Asin(mostCorrelated))
				near(t, "both below by the angle of that probability", b.below(h, k, found), got, 1e-14)
			}
		}
	}
	if got := b.below(-1, -1, b.angle(-1, -1, 0, 1.5)); got > 1e-15 {
		t.Errorf("a pair that is never below is below with probability %v", got)
	}
}

// randomCorrelations returns positive definite correlations, lower triangular.
func randomCorrelations(r *rand.Rand, n int) [][]float64 {
	vectors := make([][]float64, n)
	for i := range vectors {
		vectors[i] = make([]float64, n+2)
		for k := range vectors[i] {
			vectors[i][k] = r.NormFloat64()
		}
	}
	dot := func(x, y []float64) (sum float64) {
		for k := range x {
			sum += x[k] * y[k]
		}
		return sum
	}
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, i+1)
		for j := range a[i] {
			a[i][j] = dot(vectors[i], vectors[j]) / math.Sqrt(dot(vectors[i], vectors[i])*dot(vectors[j], vectors[j]))
		}
		a[i][i] = 1
	}
	return a
}

// full returns element (i, j) of a symmetric matrix.
func full(a [][]float64, i, j int) float64 { return a[max(i, j)][min(i, j)] }

func TestMatrix(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := 1; n <= 12; n++ {
		a := randomCorrelations(r, n)
		l, ok := choleskyOf(a, 0)
		if !ok {
			t.Fatalf("%d rows are not positive definite", n)
		}
		b, x := make([]float64, n), make([]float64, n)
		for i := range b {
			b[i] = r.NormFloat64()
		}
		solve(l, x, b)
		values, vectors := eigen(a)
		for i := range n {
			var product float64
			for j := range n {
				product += full(a, i, j) * x[j]
				var element float64
				for k, v := range values {
					element += vectors[i][k] * v * vectors[j][k]
				}
				near(t, "element by the eigenvectors", element, full(a, i, j), 1e-12)
			}
			near(t, "right-hand side", product, b[i], 1e-8)
		}
	}
	if _, ok := choleskyOf([][]float64{{1}, {2, 1}}, 0); ok {
		t.Error("an indefinite matrix has a factor")
	}
}

// TestPositiveDefinite uses correlations that no three variables have.
func TestPositiveDefinite(t *testing.T) {
	a := positiveDefinite([][]float64{{1}, {0.9, 1}, {-0.9, 0.9, 1}})
	values, _ := eigen(a)
	for i, v := range values {
		if v < leastEigenvalue/2 {
			t.Errorf("eigenvalue %v", v)
		}
		if a[i][i] != 1 {
			t.Errorf("variance %v", a[i][i])
		}
	}
	near(t, "kept symmetry", a[1][0], a[2][1], 1e-12)
	kept := randomCorrelations(rand.New(rand.NewPCG(1, 1)), 5)
	near(t, "positive definite correlations", positiveDefinite(kept), kept, 0)
}

// TestOrthantsOfOneFactor compares all words with an integral over the factor that
// gives all neurons the same correlation.
func TestOrthantsOfOneFactor(t *testing.T) {
	for _, test := range []struct {
		neurons     int
		correlation float64
		tolerance   float64
	}{{1, 0, 1e-9}, {2, 0.5, 1e-7}, {4, 0.5, 1e-6}, {10, 0.5, 2e-5}, {12, 0.5, 2e-4}} {
		n := test.neurons
		thresholds, correlations := make([]float64, n), make([][]float64, n)
		for i := range n {
			thresholds[i] = -1 + 0.1*float64(i)
			correlations[i] = make([]float64, i+1)
			for j := range correlations[i] {
				correlations[i][j] = test.correlation
			}
			correlations[i][i] = 1
		}
		got, err := orthants(thresholds, correlations)
		if err != nil {
			t.Fatal(err)
		}
		want, rates := make([]float64, 1<<n), make([]float64, n)
		const width = 1. / 64
		for factor := -9.0; factor <= 9; factor += width { // the trapezoid rule converges faster than any power
			for i := range rates {
				rates[i] = normalCDF((thresholds[i] - math.Sqrt(test.correlation)*factor) / math.Sqrt(1-test.correlation))
			}
			for word, p := range independentLaw(rates) {
				want[word] += width * normalDensity(factor) * p
			}
		}
		near(t, "sum of the probabilities", total(got), 1, 1e-12)
		var worst float64
		for word, p := range got {
			worst = max(worst, math.Abs(p-want[word]))
		}
		t.Logf("%d neurons of correlation %v: largest error %.1e", n, test.correlation, worst)
		if worst > test.tolerance {
			t.Errorf("%d neurons: a probability differs by %v", n, worst)
		}
	}
}
