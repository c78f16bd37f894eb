// Package baseline fits the models that a trained generator is compared with
// (DESIGN.md, section 2.4). Each is fitted to the windows of a recording by [Fit],
// without random numbers, and has exact statistics, a likelihood and samples.
//
// # Models
//
// A window is n neurons by t time steps, one word per step; bit q is neuron q.
//
//	name                    the time steps are       a model of                                      n     parameters
//	independent             independent              rates                                           ≤ 16  n
//	psth                    independent given the    rates in each of the repeats' B bins            ≤ 16  B·n
//	                        time in the movie
//	pairwise                independent              rates, pair moments                             ≤ 12  n(n+1)/2
//	k_pairwise              independent              rates, pair moments, P(K)                       ≤ 12  n(n+1)/2 + n − 2
//	population_tracking     independent              P(K), rates given K                             ≤ 12  n + (n−1)²
//	dichotomised_gaussian   independent              rates, pair moments                             ≤ 12  n(n+1)/2
//	markov                  a chain                  words, pairs of words in consecutive bins       ≤ 16  4ⁿ − 1
//	time_independent        independent              words                                           ≤ 16  2ⁿ − 1
//
// K is the number of spikes in a bin, and pair moments are E[x_i x_j] within a bin.
// All are pooled over the steps of the windows, as training draws them, so at the
// edges of a repeat a bin has less weight. Words of several bins have as many
// parameters as the family of laws has dimensions, however few words occur.
//
// # Values
//
// Values determine a law. Vectors over pairs i < j are in the order (0,1), (0,2), …,
// (1,2), …; a vector without elements is absent.
//
//	independent             rates[i]: spikes per bin
//	psth                    rates[b·n + i]: spikes of neuron i in bin b of a repeat; the bins are those of
//	                        its segments, one after the other, segments[s] of them in segment s
//	pairwise                fields[i], couplings[pair], law
//	k_pairwise              fields[i], couplings[pair], count_weights[K] = exp(V_K), law
//	population_tracking     count_probabilities[K], conditional_rates[K·n + i], law
//	dichotomised_gaussian   thresholds[i], latent_correlations[pair], law
//	markov                  initial[w]: law of the first word w; for t > 1 marginal[w], and transitions:
//	                        triples w, v, c(w, v) for the pairs of words that occur, in ascending order
//	time_independent        law
//
// law[w] is the probability of the word w in each bin, 2ⁿ values. The successor of
// w in a chain is v with probability
//
//	P(v|w) = (c(w, v) + marginal[w]·marginal[v]) / (Σ_v c(w, v) + marginal[w]).
//
// # Words that do not occur
//
// time_independent and markov contain one window more than the recording, of
// independent neurons: every window has a likelihood, and the statistics move by
// far less than their floors. psth contains one repeat more, of constant rates, and
// its covariances shrink by the factor (R/(R+1))² for R repeats. A neuron that never
// or always spikes has half a window of the opposite in independent. k_pairwise and
// population_tracking exclude words whose number of spikes does not occur: their
// log-likelihood is −Inf.
//
// # Numerics
//
// Every change of a bit of these results raises the numerics version. Loops run in
// a fixed order, in one goroutine; package math is used where its results are the
// same on all processors of one architecture, which excludes math.Exp and math.Erf.
package baseline
