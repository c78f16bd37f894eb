// Package statistics says how alike two laws of spike trains are: that of a
// trained model and that of a recording (DESIGN.md, sections 2.1 and 2.2).
//
// A window is n neurons by t time steps; x_i(s) is 1 if neuron i spikes at step
// s, else 0. E is the expectation over windows: of a model exactly, by Exact,
// or over generated windows, by OfWindows; of a recording over all stride-1
// windows of t bins that lie inside one repeat, each of equal weight as training
// draws them, by NewData. Moments are averaged over time steps before anything
// else: Ē[f] = (1/t)·Σ_s E[f(s)].
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
// What is undefined is nil, and its errors are missing: covariances of one
// neuron, lags of one time step, the autocorrelogram without a spike, states of
// more than 16 bits.
//
// # Errors and floors
//
// Errors are mean squared differences over a vector's elements, and the
// Jensen–Shannon divergence in bits,
//
//	JS(p, q) = ½·Σ_w p(w)·log₂(p(w)/m(w)) + ½·Σ_w q(w)·log₂(q(w)/m(w)),   m = (p + q)/2,
//
// of states and of k-probabilities. Two warnings. An error means nothing
// without its floor: a finite recording differs from its own law, and a model
// that were that law would still show the floor as its error. And a mean over
// k falls like 1/(n+1) by itself, since P(k) adds up to 1 over n+1 elements:
// that an error of k-probability decreases with n is partly that.
//
// A floor is the expected error of the true law against the recording,
// estimated from the recording alone. Its repeats are split at random into a
// and b of them, 200 times; if σ²/m is the error that m repeats make, the parts
// are σ²·(1/a + 1/b) apart on average, so
//
//	floor(m repeats) = ab/(a+b)/m · mean error between the parts.
//
// Against all N repeats the parts are halves, a = ⌊N/2⌋, and the factor is ¼
// (¼·(1 − 1/N²) for odd N). Against held-out repeats they have the sizes of
// training and held-out part, a = N_train and m = b = N_heldout. A floor is no
// bound: a model fitted to the same repeats can fall below. Joint words of more
// than some ten bits are undersampled, and their floor comes out too low.
//
// # Exact expectations
//
// Given the noise γ the patches of a model are independent: every expectation
// is a mean over γ of products of the patches' probabilities, each a
// trigonometric polynomial of degree d = encodings·qubits. Pairs of steps make a
// polynomial of degree D = 2d, joint words one of degree D = d·t, and
// Gauss–Legendre quadrature takes ⌈1.1·D·(high − low)/4⌉ + 32 nodes: exact but
// for rounding. What stays within one time step is linear in the law, so only
// the averaged laws are kept; across steps the neurons' rates at each node are
// enough. With γ per patch the averaged laws are independent themselves. Where
// probabilities are no polynomials (postselect) the nodes are doubled until
// nothing moves by 1e-12. Noise per qubit or layer has too many dimensions:
// there, sample.
//
// A training is followed by History instead: float32 laws of the fast kernel,
// some 1e-7 bits off, in a small part of the training's own time.
//
// Results depend on every bit of this, and a change of any raises the numerics
// version: sums run from left to right in loops of our own, because gonum's have
// another order with another processor or build tag; the nodes are gonum's,
// guarded by a golden file. (Its 0.17 has a slip in the table for 26 points;
// Exact never asks for fewer than 32.)
//
// The package keeps no state between calls and does no I/O; after a crash there
// is nothing to mend. The recording owns the truth about the data, and Data is
// its digest for one length of windows: computed once, shared by all tasks that
// need it.
package statistics
