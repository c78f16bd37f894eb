package circuit

import "math"

// A conditional restricted Boltzmann machine (RBM) has hidden units of 0 and 1, each of
// which depends on all neurons. γ moves the visible biases, so that the patches of a
// sample, which share it, are correlated. Component c of the C that γ chooses from has
// the level z = (2c+1)/C − 1, and the law
//
//	p(x) ∝ Σ_h exp(Σ_q (b_q + z·u_q)·x_q + Σ_j h_j·a_j(x))
//	     = exp(Σ_q (b_q + z·u_q)·x_q)·Π_j (1 + exp a_j(x)),   a_j(x) = c_j + Σ_q W_jq·x_q
//
// (Smolensky 1986; Taylor, Hinton & Roweis 2006 for biases that depend on an input). It
// is summed over all words and hidden units, without sampling.
//
// The angles are, in this order: the biases b, the slopes u, and for each hidden unit
// its bias c_j and its weights W_j. They may be any finite numbers: all products are
// sums of logarithms, which cannot overflow (see largestWeight). There are as many hidden units as fit in the angles of a circuit.
// Fewer than Neurons+1 angles are left, which nothing reads; their gradient is 0.
//
// γ has finitely many levels because p is no polynomial of it: a quadrature over a
// continuous γ would not be exact.

// HiddenUnits returns the number of hidden units of an RBM.
func (a Ansatz) HiddenUnits() int { return (a.Angles() - 2*a.Neurons) / (a.Neurons + 1) }

// level returns the value of a component that multiplies the slopes, in (−1, 1).
func (a Ansatz) level(component int) float64 {
	return float64(2*component+1)/float64(a.Components()) - 1
}

// hiddenUnit returns the bias and the weights of a hidden unit, adjacent parts of a
// vector with the shape of the angles.
func (a Ansatz) hiddenUnit(angles []float64, j int) []float64 {
	return angles[2*a.Neurons+j*(a.Neurons+1):][:a.Neurons+1]
}

// rbm holds the angles of an RBM in the form that its laws are computed from.
type rbm struct {
	ansatz  Ansatz
	angles  []float64
	logs    []float64 // of the words' weights at level 0
	scratch []float64
}

func newRBM(a Ansatz) *rbm {
	return &rbm{
		ansatz: a, angles: make([]float64, a.Angles()),
		logs: make([]float64, a.Words()), scratch: make([]float64, a.Words()),
	}
}

// set replaces the angles.
func (r *rbm) set(angles []float64) {
	copy(r.angles, angles)
	spread(r.logs, 0, angles[:r.ansatz.Neurons])
	for j := range r.ansatz.HiddenUnits() {
		unit := r.ansatz.hiddenUnit(angles, j)
		spread(r.scratch, unit[0], unit[1:])
		for x, activation := range r.scratch {
			r.logs[x] += max(activation, 0) + math.Log1p(exp(-math.Abs(activation)))
		}
	}
}

// law fills dst with the law of a component.
func (r *rbm) law(dst []float64, component int) {
	spread(dst, 0, r.angles[r.ansatz.Neurons:2*r.ansatz.Neurons])
	level, most := r.ansatz.level(component), math.Inf(-1)
	for x, log := range r.logs {
		dst[x] = log + level*dst[x]
		most = max(most, dst[x])
	}
	sum := 0.0
	for x, log := range dst {
		dst[x] = exp(log - most)
		sum += dst[x]
	}
	for x := range dst {
		dst[x] /= sum
	}
}

// rbmGradient adds a gradient by the angles, given those by the logarithms of the
// words' weights and by their products with the level. It overwrites these, and scratch.
func (a Ansatz) rbmGradient(gradient, angles, byLog, byLevel, scratch []float64) {
	for j := range a.HiddenUnits() {
		unit, slopes := a.hiddenUnit(angles, j), a.hiddenUnit(gradient, j)
		spread(scratch, unit[0], unit[1:])
		for x, activation := range scratch {
			e := exp(-math.Abs(activation))
			if activation < 0 {
				scratch[x] = byLog[x] * e / (1 + e)
			} else {
				scratch[x] = byLog[x] / (1 + e)
			}
		}
		slopes[0] += collect(slopes[1:], scratch)
	}
	collect(gradient[:a.Neurons], byLog)
	collect(gradient[a.Neurons:2*a.Neurons], byLevel)
}

// largestWeight bounds the magnitude of a bias or weight, so that no sum of them
// overflows. A law of such numbers gives all probability to its likeliest words anyway.
const largestWeight = 1e290

// spread fills dst with bias + Σ_q weights[q]·x_q for every word x. It takes numbers beyond
// ±largestWeight as that.
func spread(dst []float64, bias float64, weights []float64) {
	dst[0] = min(max(bias, -largestWeight), largestWeight)
	for q, w := range weights {
		w = min(max(w, -largestWeight), largestWeight)
		silent, spiking := dst[:1<<q], dst[1<<q:2<<q]
		for x, v := range silent {
			spiking[x] = v + w
		}
	}
}

// collect is the transpose of spread: it adds Σ_x values[x]·x_q to weights[q], and
// returns Σ_x values[x]. It overwrites the values.
func collect(weights, values []float64) float64 {
	for q := len(weights) - 1; q >= 0; q-- {
		silent, spiking, sum := values[:1<<q], values[1<<q:2<<q], 0.0
		for x, v := range spiking {
			sum += v
			silent[x] += v
		}
		weights[q] += sum
	}
	return values[0]
}

// exp returns eˣ with the same bits on all processors of a kernel class: on amd64
// math.Exp uses fused multiply-adds where the processor has them, math.Exp2 does not.
func exp(x float64) float64 { return math.Exp2(x * math.Log2E) }

// rbmTile is the Tile of an RBM.
type rbmTile struct {
	componentTile
	distinct [][]float64 // the laws of the lanes' distinct components

	sums                    []float64 // of the weights of one component's lanes
	byLog, byLevel, scratch []float64
}

func newRBMTile(a Ansatz) *rbmTile {
	words := func() []float64 { return make([]float64, a.Words()) }
	t := &rbmTile{componentTile: componentTile{ansatz: a}, sums: words(), byLog: words(), byLevel: words(), scratch: words()}
	for range min(Lanes, a.Components()) {
		t.distinct = append(t.distinct, words())
	}
	return t
}

// firstOf returns the first lane of a lane's component.
func (t *rbmTile) firstOf(lane int) int {
	first := 0
	for t.components[first] != t.components[lane] {
		first++
	}
	return first
}

// Forward implements Tile.
func (t *rbmTile) Forward(p *Patch, noise []float32) {
	used := 0
	for lane := range t.laws {
		t.components[lane] = t.ansatz.component(float64(noise[lane]))
		if first := t.firstOf(lane); first < lane {
			t.laws[lane] = t.laws[first]
			continue
		}
		t.laws[lane] = t.distinct[used]
		p.rbm.law(t.laws[lane], t.components[lane])
		used++
	}
}

// Backward implements Tile. The derivative of Σ_x p(x)·w(x) by the logarithm of the
// weight of word x is p(x)·(w(x) − Σ_y p(y)·w(y)).
func (t *rbmTile) Backward(p *Patch, weights []float32, gradient []float64) {
	clear(t.byLog)
	clear(t.byLevel)
	for lane, law := range t.laws {
		if t.firstOf(lane) < lane {
			continue
		}
		clear(t.sums)
		for other, component := range t.components {
			if component == t.components[lane] {
				for x := range t.sums {
					t.sums[x] += float64(weights[x*Lanes+other])
				}
			}
		}
		t.ansatz.rbmPull(t.byLog, t.byLevel, law, t.sums, t.components[lane])
	}
	t.ansatz.rbmGradient(gradient, p.angles, t.byLog, t.byLevel, t.scratch)
}

// rbmPull adds the derivatives of Σ_x law[x]·weights[x] of a component by the
// logarithms of the words' weights to byLog, and their products with the level to
// byLevel.
func (a Ansatz) rbmPull(byLog, byLevel, law, weights []float64, component int) {
	mean := 0.0
	for x, p := range law {
		mean += p * weights[x]
	}
	level := a.level(component)
	for x, p := range law {
		pull := p * (weights[x] - mean)
		byLog[x] += pull
		byLevel[x] += level * pull
	}
}
