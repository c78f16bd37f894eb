// Package statistics compares the spike trains of a trained model with those of
// a recording (DESIGN.md, sections 2.1 and 2.2). A law is a probability
// distribution of spike words.
//
// A window is n neurons by t time steps; x_i(s) is 1 if neuron i spikes at step
// s, else 0. E is the expectation over windows. For a model, Exact computes it
// exactly, as OfMixture and OfChain do for classical models, and OfWindows
// estimates it from generated windows. For a recording, NewData averages over all
// stride-1 windows of t bins within one repeat, with equal weights, as training
// draws them. Moments are first averaged over time steps: Ē[f] = (1/t)·Σ_s E[f(s)].
//
// # Statistics
//
//	k-probability       P(k)    = Ē[Σ_i x_i(s) = k]                                   k = 0 … n
//	firing rate         r_i     = Ē[x_i] / width of a bin                              Hz
//	covariance          c_ij    = Ē[x_i x_j] − Ē[x_i]·Ē[x_j]                          i < j
//	rate by step        r_i(s)  = E[x_i(s)] / width of a bin                           Hz
//	lagged covariance   c_ij(L) = 1/(t−L)·Σ_s E[x_i(s) x_j(s+L)] − Ē[x_i]·Ē[x_j]      i ≠ j, L = 1 … min(4, t−1), s = 0 … t−1−L
//	autocorrelogram     a(L)    = Σ_i Σ_s E[x_i(s) x_i(s+L)] / Σ_i Σ_s E[x_i(s)]      L = 1 … t−1, pairs inside the window
//	third moment        m_ijk   = Ē[(x_i − Ē[x_i])·(x_j − Ē[x_j])·(x_k − Ē[x_k])]     i < j < k
//	interval            I(d)    = Σ_i Σ_s P(x_i(s) = x_i(s+d) = 1, x_i = 0 between) / the same sum over all d      d = 1 … t−1
//	state               p(w)    = P(bit s·n+i of w is x_i(s), for all i and s)        2^(n·t) words, for n·t ≤ 16
//
// An interval lies between two spikes of one neuron, without another between them,
// in one window. Those that the window cuts off do not count, so that long intervals
// are rarer than in the recording; the model's windows cut them in the same way.
//
// An undefined statistic is nil and has no errors: covariances of one neuron, third
// moments of two, lags of one time step, intervals of two or without any, the
// autocorrelogram without a spike, states of more than 16 bits.
//
// # Errors and floors
//
// Errors are mean squared differences over a vector's elements, and the
// Jensen–Shannon divergence in bits,
//
//	JS(p, q) = ½·Σ_w p(w)·log₂(p(w)/m(w)) + ½·Σ_w q(w)·log₂(q(w)/m(w)),   m = (p + q)/2,
//
// of states and of k-probabilities. Three squared differences are of single numbers:
// P(0), the probability of a silent bin, and mean and standard deviation of the
// intervals in ms. The covariances at lag 1 have a separate error. The errors
// legacy_… are those of Spike-GAN's analysis (Molano-Mazon et al. 2018): sums of
// absolute differences, of the mean spikes of a window, of the covariances in both
// orders of a pair, of k-probabilities, of the autocorrelogram at lags −10 … 10, of the
// spikes by step, and of the covariances at lag 1. Spike-GAN's own lags run from one
// window into the next and include a neuron with itself; ours do neither.
//
// Two warnings. Compare an error only with its
// floor: a finite recording differs from its own law, and even a model equal to
// that law has the floor as its error. And an error of k-probability decreases
// with n partly because P(k) adds up to 1 over n+1 elements, so that a mean over
// k falls like 1/(n+1).
//
// A floor is the expected error of the true law against the recording,
// estimated from the recording alone. Its repeats are split at random into a
// and b of them, 200 times. If σ²/m is the error of m repeats, the mean error
// between the parts is σ²·(1/a + 1/b), so
//
//	floor(m repeats) = ab/(a+b)/m · mean error between the parts,
//
// with the root of the factor for sums of absolute differences.
//
// Against all N repeats the parts are halves, a = ⌊N/2⌋, and the factor is ¼
// (¼·(1 − 1/N²) for odd N). Against held-out repeats they have the sizes of
// training and held-out part, a = N_train and m = b = N_heldout. Against held-out
// blocks of the movie they are halves of the repeats, within those blocks: that floor
// has the repeats' variability, not the difference between parts of the movie. A floor is not a
// bound: the error of a model fitted to the same repeats can be smaller. Joint
// words of more than about ten bits are undersampled; their floor is too low.
//
// # Intervals over repeats
//
// A recording has finitely many repeats, so that its vector of statistics x̂ differs from
// x, that of the law, by a noise ε = x̂ − x. Data.Intervals bounds θ = |m − x|², the
// mean squared difference of a model m from the law, given E = |m − x̂|²: |·|² is the
// mean over elements and a·b the mean product. The repeats are drawn with replacement,
// as many as there are, and each draw b gives a noise ε_b, the draw's statistics minus
// x̂.
//
// The quantiles of |m − x̂ − ε_b|² are no interval: E has the noise once, and a
// draw has it twice, so that they lie about two floors too high, and never reach 0. How E
// is related to θ depends on the model:
//
//   - A model that does not depend on the recording has E = |√θ·u − ε|², where u is the
//     direction from x to m. The lower end is the smallest θ for which E is not in the
//     upper 2.5 % of |√θ·u − ε_b|², with u = (m − x̂)/√E (a test inversion: Carpenter 1999).
//     In one draw, E is reached at √θ_b = u·ε_b + √((u·ε_b)² + E − |ε_b|²), or at 0 if |ε_b|² ≥ E,
//     so that the lower end is the 2.5 % quantile of θ_b.
//   - A model that was fitted to the recording may reproduce its noise: m = x̂ has E = 0,
//     but θ = |ε|². The upper end is the 97.5 % quantile of |m − x̂ + ε_b|² (the basic
//     bootstrap of Davison & Hinkley 1997, chapter 5, with m − x̂ fixed).
//
// Each end is the right one for its kind of model and wide for the other kind, by some
// floors. Where E is many floors, both quantiles agree to first order, and the interval
// covers θ with 95 %; at a few floors it covers it with 97.5 % or more. TestCoverage counts this for
// made data of 5, 30 and 100 repeats.
//
// Repeats are taken as independent and identically distributed, as for floors. Deviations
// are multiplied by the ratio of Student's to the normal's quantile and by √(N/(N−1)),
// without which intervals of few repeats are too narrow (Hesterberg 2015). Above 512
// repeats, groups of consecutive ones are drawn. The interval does not contain the
// variability of training: compare replicates for that.
//
// # Exact expectations
//
// Given the noise γ the patches of a model are independent: every expectation
// is a mean over γ of products of the patches' probabilities, each a
// trigonometric polynomial of degree d = encodings·qubits. Pairs of steps give a
// polynomial of degree D = 2d, joint words one of degree D = d·t.
// Gauss–Legendre quadrature with ⌈1.1·D·(high − low)/4⌉ + 32 nodes is exact up to
// rounding. Statistics within one time step are linear in the law and need only
// the averaged laws; statistics across steps need the neurons' rates at each
// node. With γ per patch the averaged laws are themselves independent. Where
// probabilities are not polynomials (postselect), Exact doubles the nodes until
// no value changes by more than 1e-12. Noise per qubit or layer has too many
// dimensions for quadrature: estimate from samples.
//
// OfMixture takes windows whose bits are independent given a latent value of finitely
// many: every expectation is a mean of products of rates. OfChain takes a Markov
// chain of words and propagates laws forwards and expectations backwards.
//
// Intervals multiply up to t patches, as joint words do, and take as many nodes; they
// are undefined where that is more than 32,768.
//
// # Likelihood
//
// ScoredWindows measures −log₂ p(window)/t, the bits of an ideal code for a bin, for any
// law of windows; ExactLikelihood does so for a model by the same quadrature. Lower is
// better. The mean over windows of the true law is its entropy, and no other law has
// less. Unlike a divergence it needs no estimate of the data's law, so it is defined
// for any n·t and compares laws on data that they were not fitted to. It is averaged
// by unit, repeat or block, because the windows of a unit depend on each other.
//
// # History
//
// History tracks the divergence during training instead: it uses the float32 laws
// of the fast kernel, is accurate to about 1e-7 bits and takes a small part of the
// training time.
//
// Every change of a bit of these results raises the numerics version. Sums run
// from left to right in this package's own loops, because the order of gonum's
// depends on the processor and the build tags. The nodes are gonum's; a golden
// file guards them. (The table of gonum 0.17 for 26 points has an error; Exact
// never requests fewer than 32.)
//
// The package keeps no state between calls and does no I/O.
package statistics
