package gan

import "math"

// Constraint keeps the critic's slope bounded.
type Constraint string

// The constraints. A penalty is added to the critic's loss: with one
// interpolate x̂ = u·x + (1−u)·G per pair, u uniform on [0, 1) (Gulrajani et
// al. 2017), and λ = PenaltyWeight,
const (
	// OneSided is λ · mean_j max(0, ‖∇C(x̂_j)‖ − 1)² (Petzka et al. 2018).
	OneSided Constraint = "one_sided"
	// TwoSided is λ · mean_j (‖∇C(x̂_j)‖ − 1)². It demands slope 1 even where
	// both sides agree.
	TwoSided Constraint = "two_sided"
	// NoConstraint adds nothing: equation 1 of the paper, literally.
	NoConstraint Constraint = "none"
	// Clip limits every weight and bias of the critic to ± ClipBound after
	// each of its updates (Arjovsky et al. 2017).
	Clip Constraint = "clip"
)

// penalised says whether the constraint is a gradient penalty.
func (c Constraint) penalised() bool { return c == OneSided || c == TwoSided }

// excess is the term that a penalty squares.
func (c Constraint) excess(norm float64) float64 {
	if c == OneSided {
		return max(0, norm-1)
	}
	return norm - 1
}

// penalty adds the gradient of the gradient penalty. One ReLU layer has it in
// closed form: with the units on that are on at x̂,
//
//	∇C = Σ_h on_h·second_h·first_h
//	∂‖∇C‖/∂first_ih = (∇C)_i/‖∇C‖ · on_h·second_h
//	∂‖∇C‖/∂second_h = Σ_i (∇C)_i/‖∇C‖ · on_h·first_ih
//
// and no bias matters, since which units are on is constant almost everywhere.
// Where ∇C = 0 the norm has no derivative: 0 is taken.
type penalty struct {
	constraint Constraint
	weight     float64
	on         []float32 // [lane][stride], 1 or 0
	active     []float32 // [stride][lane], on·second
	slopes     []float32 // [input][lane], ∇C
	row        []float32 // [stride]
}

func newPenalty(s Settings, stride int) *penalty {
	return &penalty{
		constraint: s.Constraint, weight: s.PenaltyWeight,
		on: make([]float32, lanes*stride), active: make([]float32, stride*lanes),
		slopes: make([]float32, s.inputs()*lanes), row: make([]float32, stride),
	}
}

// add adds weight/pairs · Σ_lanes ∂excess² to the gradient, where real and fake
// are the pre-activations [lane][stride] of the first used lanes' pairs and
// interpolation their u. The first layer is linear: at an interpolate its
// pre-activation lies between those of the pair.
func (p *penalty) add(w, gradient *network, real, fake, interpolation []float32, used, pairs int) {
	clear(p.on)
	clear(p.active)
	for l := range used {
		row := l * w.stride
		switchRow(p.on[row:][:w.stride], p.active[l:], real[row:], fake[row:], w.second, interpolation[l])
	}
	inputSlopes(p.slopes, w.first, p.active)
	if p.scaleSlopes(pairs) {
		spreadSlopes(gradient.first, gradient.second, w.first, w.second, p.slopes, p.on, p.row)
	}
}

// scaleSlopes multiplies each lane's ∇C by 2·weight/pairs · excess/‖∇C‖ and
// says whether anything is left.
func (p *penalty) scaleSlopes(pairs int) bool {
	var squares, scale laneRow
	for i := 0; i < len(p.slopes); i += lanes {
		for l, s := range (*laneRow)(p.slopes[i:]) {
			squares[l] += s * s
		}
	}
	for l, s := range squares {
		norm := math.Sqrt(float64(s))
		if norm > 0 {
			scale[l] = float32(2 * p.weight / float64(pairs) * p.constraint.excess(norm) / norm)
		}
	}
	if scale == (laneRow{}) {
		return false
	}
	for i := 0; i < len(p.slopes); i += lanes {
		row := (*laneRow)(p.slopes[i:])
		for l := range row {
			row[l] *= scale[l]
		}
	}
	return true
}

// clip limits every weight to ± bound.
func clip(weights []float32, bound float32) {
	for i, w := range weights {
		weights[i] = min(max(w, -bound), bound)
	}
}
