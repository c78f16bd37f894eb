package gan

// KLoss is the form of the K-term, K·ℓ, that is added to the generator's loss.
//
// N_j is the number of spikes in generated sample j (all n·t bits), M_j the number
// in real window j, D = mean_j N_j − mean_j M_j, and B the batch size. The local
// gradient (1/B) Σ_ij Σ_x ∂p_ij(x)·w_ij(x) sets patch i of sample j to outcome x,
// keeps everything else as drawn, and so changes N_j by δ = N(x) − N(drawn). Each
// form below states its ℓ and the term that it adds to w_ij(x): K·B·ℓ after that
// change, up to a constant that cancels. Unless stated otherwise, the estimator is
// unbiased for the gradient of K·E[ℓ].
type KLoss string

// The forms.
const (
	// Absolute is ℓ = |D|, adding K·B·|D + δ/B|.
	Absolute KLoss = "absolute"
	// AbsoluteSign is ℓ = |D| with the sign of this batch, as in automatic
	// differentiation: it adds K·sign(D)·N(x). Biased, because D depends on the bits
	// that the sign multiplies.
	AbsoluteSign KLoss = "absolute_sign"
	// AbsoluteIndependent adds K·sign(D′)·N(x), with D′ of a batch drawn
	// independently (noise, measurements and windows). It is an unbiased
	// estimate of K·E[sign D′]·∇E[D], which is zero at the data's mean count
	// but is the gradient of no E[|D|].
	AbsoluteIndependent KLoss = "absolute_independent"
	// Square is ℓ = D², adding K·B·(D + δ/B)².
	Square KLoss = "square"
	// AbsolutePairs is ℓ = mean_j |N_j − M_j|, adding K·|N_j + δ − M_j|. Pairs
	// are independent, so it aims at the median count.
	AbsolutePairs KLoss = "absolute_pairs"
	// SquarePairs is ℓ = mean_j (N_j − M_j)², adding K·(N_j + δ − M_j)².
	SquarePairs KLoss = "square_pairs"
	// Sorted is ℓ = mean_r |N_(r) − M_(r)| over both counts in ascending order:
	// the Wasserstein-1 distance of the batch's count distributions. With
	// c_m = #{j: N_j ≤ m} − #{j: M_j ≤ m} it is Σ_m |c_m|/B, and adds K·Σ_m |c_m|
	// after the move.
	Sorted KLoss = "sorted"
	// Population is ℓ = Σ_k |mean_j b_k(G_j) − mean_j b_k(x_j)| over all of
	// P(k), k = 0…n, where b_k counts the bins of a window with exactly k spikes:
	// t times the L1 distance of the batch's k-probabilities. It adds
	// K·Σ_k |Σ_j b_k(G_j) − b_k(x_j)| after the change of bin i of sample j.
	Population KLoss = "population"
	// Linear is ℓ = −D, equation 2 of the paper as printed, adding −K·N(x). It has
	// no minimum: every neuron ends up always firing.
	Linear KLoss = "linear"
	// LinearFlipped is ℓ = D, adding K·N(x): every neuron ends up silent.
	LinearFlipped KLoss = "linear_flipped"
)

var kLosses = []KLoss{
	Absolute, AbsoluteSign, AbsoluteIndependent, Square, AbsolutePairs, SquarePairs,
	Sorted, Population, Linear, LinearFlipped,
}
