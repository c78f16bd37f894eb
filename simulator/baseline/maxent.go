package baseline

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// feature is a function of a word: 1 if all neurons of the mask spike and the word
// has the given number of spikes, or any number; else 0.
type feature struct {
	mask  uint32
	count int // of spikes, or anyCount
}

const anyCount = -1

// meet returns the product of two features, and false if it is 0 everywhere.
func (f feature) meet(g feature) (feature, bool) {
	if f.count != anyCount && g.count != anyCount && f.count != g.count {
		return feature{}, false
	}
	return feature{f.mask | g.mask, max(f.count, g.count)}, true
}

// momentFeatures returns the features whose expectations are the rates, then the
// pair moments in the order (0,1), (0,2), …, (1,2), …
func momentFeatures(neurons int) []feature {
	var features []feature
	for i := range neurons {
		features = append(features, feature{1 << i, anyCount})
	}
	for i := range neurons {
		for j := i + 1; j < neurons; j++ {
			features = append(features, feature{1<<i | 1<<j, anyCount})
		}
	}
	return features
}

// family is the exponential family of the laws
//
//	p(w) ∝ base(w)·exp(Σ_f θ_f·f(w)).
//
// Among the laws whose features have given expectations, its member with those
// expectations has the least relative entropy to base, or the largest entropy if
// base is constant where it is not 0 (Jaynes 1957; Csiszár 1975).
type family struct {
	base     []float64 // [word] weight; words of weight 0 are impossible
	features []feature
	law      []float64   // [word] of the latest θ
	moments  [][]float64 // [count][mask] P(count spikes, those of the mask among them), at [0] of any count
	hessian  [][]float64 // covariances of the features
}

const (
	momentTolerance = 1e-11 // largest deviation of a feature's expectation
	mostIterations  = 500
	// damping is added, relative to the diagonal, to the Hessian. It is singular if
	// features are linearly dependent, and damped directions cost nothing there.
	damping = 1e-10
	// longestStep is the largest change of a parameter in one iteration.
	longestStep = 4.0
)

// fit returns the law of the family whose features have the target expectations,
// to momentTolerance, and its parameters. They minimise the convex dual function
//
//	log Σ_w base(w)·exp(Σ_f θ_f·f(w)) − Σ_f θ_f·target_f,
//
// by Newton's method with the exact Hessian and backtracking. If no finite θ
// has the expectations, as for a pair of neurons that never spikes together, the
// iteration approaches the law that has them until the tolerance holds.
func (f *family) fit(target []float64) (law, theta []float64, err error) {
	f.law = make([]float64, len(f.base))
	f.hessian = make([][]float64, len(f.features))
	for i := range f.hessian {
		f.hessian[i] = make([]float64, i+1)
	}
	theta = make([]float64, len(f.features))
	trial, gradient, step := slices.Clone(theta), slices.Clone(theta), slices.Clone(theta)
	value := f.dual(theta, target)
	for range mostIterations {
		f.expect()
		worst := 0.0
		for i, feature := range f.features {
			gradient[i] = f.expectation(feature) - target[i]
			worst = max(worst, math.Abs(gradient[i]))
		}
		if worst <= momentTolerance {
			return f.law, theta, nil
		}
		f.direction(step, gradient)
		slope := 0.0
		for i, s := range step {
			slope += s * gradient[i]
		}
		rounding := 1e-14 * (1 + math.Abs(value))
		for length := 1.0; ; length /= 2 {
			for i, s := range step {
				trial[i] = theta[i] + length*s
			}
			next := f.dual(trial, target)
			if next <= value+1e-4*length*slope+rounding {
				value = next
				break
			}
			if length < 1e-10 {
				return nil, nil, fmt.Errorf("an expectation differs by %.1e, and no step reduces it", worst)
			}
		}
		copy(theta, trial)
	}
	return nil, nil, fmt.Errorf("the expectations are not matched after %d iterations", mostIterations)
}

// dual sets the law to that of θ and returns the dual function.
func (f *family) dual(theta, target []float64) float64 {
	neurons := bits.Len(uint(len(f.base))) - 1
	byCount := make([]float64, neurons+1)
	clear(f.law)
	var value float64
	for i, feature := range f.features {
		value -= theta[i] * target[i]
		if feature.count == anyCount {
			f.law[feature.mask] += theta[i]
		} else {
			byCount[feature.count] += theta[i] // features of a count have no mask
		}
	}
	sumSubsets(f.law)
	largest := math.Inf(-1)
	for word := range f.law {
		f.law[word] += byCount[bits.OnesCount(uint(word))]
		if f.base[word] > 0 {
			largest = max(largest, f.law[word])
		}
	}
	for word, weight := range f.base {
		if weight > 0 {
			f.law[word] = weight * exp(f.law[word]-largest)
		} else {
			f.law[word] = 0
		}
	}
	sum := total(f.law)
	for word := range f.law {
		f.law[word] /= sum
	}
	return value + largest + math.Log(sum)
}

// expect computes the moments of the law.
func (f *family) expect() {
	neurons := bits.Len(uint(len(f.base))) - 1
	if f.moments == nil {
		f.moments = make([][]float64, neurons+2)
	}
	needed := map[int]bool{anyCount: true}
	for _, feature := range f.features {
		needed[feature.count] = true
	}
	for count := anyCount; count <= neurons; count++ {
		if !needed[count] {
			continue
		}
		if f.moments[count+1] == nil {
			f.moments[count+1] = make([]float64, len(f.law))
		}
		of := f.moments[count+1]
		for word, p := range f.law {
			of[word] = 0
			if count == anyCount || bits.OnesCount(uint(word)) == count {
				of[word] = p
			}
		}
		sumSupersets(of)
	}
}

func (f *family) expectation(of feature) float64 { return f.moments[of.count+1][of.mask] }

// direction sets step to Newton's, −H⁻¹·gradient, for the Hessian
// H_fg = E[f·g] − E[f]·E[g]. It shortens a step to where the law might have almost
// no variance left, and with it no direction to return.
func (f *family) direction(step, gradient []float64) {
	for i, a := range f.features {
		for j, b := range f.features[:i+1] {
			f.hessian[i][j] = -f.expectation(a) * f.expectation(b)
			if both, possible := a.meet(b); possible {
				f.hessian[i][j] += f.expectation(both)
			}
		}
	}
	for added := damping; ; added *= 100 {
		if l, ok := choleskyOf(f.hessian, added); ok {
			solve(l, step, gradient)
			break
		}
	}
	largest := longestStep
	for _, s := range step {
		largest = max(largest, math.Abs(s))
	}
	for i := range step {
		step[i] *= -longestStep / largest
	}
}
