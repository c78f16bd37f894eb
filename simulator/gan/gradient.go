package gan

import "spiqsweep/simulator/circuit"

// Gradient selects the estimator of the gradient of the generator's loss through
// measured bits (DESIGN.md, section 1.4). All estimators except ParameterShift
// assign each outcome x of patch i in sample j a weight w_ij(x) and compute
// (1/B) Σ_ij ∂/∂θ_i Σ_x p_ij(x)·w_ij(x) by adjoint differentiation.
type Gradient string

// The estimators; G_j is sample j as measured.
const (
	// Local is the local expectation gradient (Titsias & Lázaro-Gredilla 2015):
	// w_ij(x) = −C(G_j with patch i set to x) + K-term after the same change, for
	// all 2^n outcomes. Unbiased, exact in each patch.
	Local Gradient = "local"
	// Expectation evaluates the critic at the expected bits x̄_j instead of the
	// measured ones: w_ij(x) = −∇C(x̄_j)·x + K·B·∂ℓ(N̄)·N(x). Biased, because the
	// critic is not linear.
	Expectation Gradient = "expectation"
	// StraightThrough differentiates at the measured bits and applies the slope
	// to the expected ones: w_ij(x) = −∇C(G_j)·x + K·B·∂ℓ(N)·N(x). Biased.
	StraightThrough Gradient = "straight_through"
	// Reinforce is the score function (Williams 1992): only the drawn outcome
	// has a weight, w_ij(x) = [x = drawn]·(R(x) − R(silent))/p_ij(x) with R the
	// weight of Local. The outcome without spikes is a baseline that does not
	// depend on the draw. Unbiased, noisy.
	Reinforce Gradient = "reinforce"
	// ParameterShift can run on a quantum computer: it shifts each angle by ±π/2,
	// measures each shifted circuit once per sample, and sums ½·[w(x₊) − w(x₋)] of
	// Local's weights (Schuld et al. 2019). Both shifts share the uniform number of
	// their measurement. Unbiased, slow.
	ParameterShift Gradient = "parameter_shift"
)

// estimator computes the weights of outcomes. For each batch the actor calls begin. For
// each of its parts it then calls observe for every patch and block after its forward
// pass, then prepare, then weigh for all blocks of one patch after another.
type estimator interface {
	// begin takes the real windows of the batch, [sample][time], if the objective
	// draws any.
	begin(real []uint32)
	observe(tile circuit.Tile, b *batch, block, step int)
	prepare(b *batch)
	// weigh fills weights[word][lane]; the tile holds the forward states.
	weigh(tile circuit.Tile, b *batch, block, step int, weights []float32)
}

func newEstimator(s Settings, m *sampler, w *network, k *kTerm) estimator {
	switch s.Gradient {
	case Expectation:
		return newExpectation(s, w, k)
	case StraightThrough:
		return newStraightThrough(s, m, w, k)
	case Reinforce:
		return newReinforce(s, m, w, k)
	default: // Local and ParameterShift
		return newLocal(s, m, w, k)
	}
}
