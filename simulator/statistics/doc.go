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
//	firing rate         r_i     = Ē[x_i] / 0.020 s                                    Hz
//	covariance          c_ij    = Ē[x_i x_j] − Ē[x_i]·Ē[x_j]                          i < j
//	rate by step        r_i(s)  = E[x_i(s)] / 0.020 s                                 Hz
//	lagged covariance   c_ij(L) = 1/(t−L)·Σ_s E[x_i(s) x_j(s+L)] − Ē[x_i]·Ē[x_j]      i ≠ j, L = 1 … min(4, t−1), s = 0 … t−1−L
//	autocorrelogram     a(L)    = Σ_i Σ_s E[x_i(s) x_i(s+L)] / Σ_i Σ_s E[x_i(s)]      L = 1 … t−1, pairs inside the window
//	state               p(w)    = P(bit s·n+i of w is x_i(s), for all i and s)        2^(n·t) words, for n·t ≤ 16
//
// An undefined statistic is nil and has no errors: covariances of one neuron,
// lags of one time step, the autocorrelogram without a spike, states of more than
// 16 bits.
//
// # Errors and floors
//
// Errors are mean squared differences over a vector's elements, and the
// Jensen–Shannon divergence in bits,
//
//	JS(p, q) = ½·Σ_w p(w)·log₂(p(w)/m(w)) + ½·Σ_w q(w)·log₂(q(w)/m(w)),   m = (p + q)/2,
//
// of states and of k-probabilities. Two warnings. Compare an error only with its
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
//	floor(m repeats) = ab/(a+b)/m · mean error between the parts.
//
// Against all N repeats the parts are halves, a = ⌊N/2⌋, and the factor is ¼
// (¼·(1 − 1/N²) for odd N). Against held-out repeats they have the sizes of
// training and held-out part, a = N_train and m = b = N_heldout. A floor is not a
// bound: the error of a model fitted to the same repeats can be smaller. Joint
// words of more than about ten bits are undersampled; their floor is too low.
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
