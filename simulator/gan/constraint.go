package gan

import (
	"math"
	"slices"
)

// Constraint bounds the critic's slope.
type Constraint string

// The constraints. A penalty is added to the critic's loss: with one
// interpolate x̂ = u·x + (1−u)·G per pair, u uniform on [0, 1) (Gulrajani et
// al. 2017), and λ = PenaltyWeight,
const (
	// OneSided is λ · mean_j max(0, ‖∇C(x̂_j)‖ − 1)² (Petzka et al. 2018).
	OneSided Constraint = "one_sided"
	// TwoSided is λ · mean_j (‖∇C(x̂_j)‖ − 1)². It demands slope 1 even where
	// real and generated windows agree.
	TwoSided Constraint = "two_sided"
	// NoConstraint adds nothing: equation 1 of the paper as printed.
	NoConstraint Constraint = "none"
	// Clip limits every weight and bias of the critic to ± ClipBound after
	// each of its updates (Arjovsky et al. 2017).
	Clip Constraint = "clip"
)

// penalised reports whether the constraint is a gradient penalty.
func (c Constraint) penalised() bool { return c == OneSided || c == TwoSided }

// penalty computes the gradient of the gradient penalty. For one ReLU layer it has
// a closed form. With on_h = 1 if unit h is active at x̂, else 0,
//
//	∇C = Σ_h on_h·second_h·first_h
//	∂‖∇C‖/∂first_ih = (∇C)_i/‖∇C‖ · on_h·second_h
//	∂‖∇C‖/∂second_h = Σ_i (∇C)_i/‖∇C‖ · on_h·first_ih
//
// and the derivatives by the biases are 0, because the set of active units is
// constant almost everywhere. Where ∇C = 0 the norm has no derivative; penalty
// uses 0.
type penalty struct {
	least   float64 // smallest excess, 0 or −∞
	weight  float64
	critic  *network
	on      []uint32  // [block], sets of active units; none in unused lanes
	slopes  []float32 // [block][input][lane], −∇C
	squares []laneRow // [block], of ‖∇C‖
	scales  []laneRow // [block], −2·weight/pairs · excess/‖∇C‖
}

func newPenalty(s Settings, w *network) *penalty {
	least := 0.0
	if s.Constraint == TwoSided {
		least = math.Inf(-1)
	}
	return &penalty{
		least: least, weight: s.PenaltyWeight, critic: w,
		on: make([]uint32, s.blocks()*lanes*w.stride/setUnits), slopes: make([]float32, s.blocks()*s.inputs()*lanes),
		squares: make([]laneRow, s.blocks()), scales: make([]laneRow, s.blocks()),
	}
}

// excess returns the term that the penalty squares.
func excess(norm, least float64) float64 { return max(least, norm-1) }

// add adds the penalty's terms to the columns of the gradient, from which
// backSecond computes weight/pairs · Σ_pairs ∂excess². real and fake are the
// pre-activations of the pairs, [pair][stride], and interpolation their u. The
// first layer is linear, so the pre-activation of an interpolate is the
// interpolate of the pre-activations. If it measures, add returns the penalty, else 0.
func (p *penalty) add(gradient *network, real, fake, interpolation []float32, measures bool) (loss float64) {
	l, w, on := p.critic.loops, p.critic, p.on
	sets, inputs := lanes*w.stride/setUnits, len(w.first)/w.stride
	for u := range slices.Chunk(interpolation, lanes) {
		l.unitsBetween(on, real, fake, u, w.stride)
		real, fake, on = real[len(u)*w.stride:], fake[len(u)*w.stride:], on[sets:]
	}
	l.inputSlopes(p.slopes, w.first, w.second, p.on, inputs, len(p.scales))
	factor, some := -2*p.weight/float64(len(interpolation)), false
	for block := range p.scales {
		l.sumSquares(&p.squares[block], p.blockSlopes(block))
		some = l.penaltyScale(&p.scales[block], &p.squares[block], p.least, factor) || some
	}
	if measures {
		loss = p.loss(len(interpolation))
	}
	if !some {
		return loss
	}
	for block := range p.scales {
		l.spreadSlopes(gradient.first, p.blockSlopes(block), p.on[block*sets:], &p.scales[block], w.stride)
	}
	return loss
}

// blockSlopes returns the slopes of a block.
func (p *penalty) blockSlopes(block int) []float32 {
	size := len(p.slopes) / len(p.scales)
	return p.slopes[block*size:][:size]
}

// clip limits every weight to ±bound.
func clip(weights []float32, bound float32) {
	for i, w := range weights {
		weights[i] = min(max(w, -bound), bound)
	}
}
