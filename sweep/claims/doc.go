// Package claims tests the claims of the paper (Hernandes & Greplova, arXiv 2409.09125)
// on the results of a sweep. Each claim has a statistic with an effect, its 95 %
// interval over replicates, and a verdict: it holds, it fails, or the sweep cannot
// decide, with what it lacks (DESIGN.md, section 2.6).
//
// # Statistics
//
// Replicates are the independent units: every statistic is computed within each
// replicate, from all its finished configurations of one k, and its interval is that of
// the mean over replicates. All errors enter as logarithms. An error of 0 has none, so
// that training is left out.
//
// Results may decide on the number of replicates of a configuration. A replicate that only
// some configurations have would be a statistic of those alone, which are the ones with
// the largest scatter. So only the replicates that all configurations of a scope have
// count, finished or not; the comparison of one configuration with its standard loss has
// all of its pairs. With too few of them for a verdict, it is left out of the family over
// which p is corrected.
//
// Slopes are Theil's and Sen's: the median over pairs of configurations. Both axes are
// logarithmic, because the paper's values of n and t are spaced about geometrically and
// a slope is then a factor per doubling, comparable between n and t. A pair of
// configurations differs in one axis only, so that the slope against n is not affected
// by t.
//
// # Verdicts
//
// A claim that something falls or grows holds if the interval of its effect excludes 0
// on that side. It fails if the interval excludes every effect that matters, that is,
// one of at least the margin. A claim that an error does not fall holds if the interval
// excludes a fall of the margin or more (a non-inferiority test: a mere lack of
// significance is no evidence for it), and fails otherwise if the interval excludes 0.
//
// The K-loss is tested against the standard loss on pairs that share their random
// draws, by flipping the signs of log ratios: under the null hypothesis the two losses
// of a pair are exchangeable. See signFlips for the correction over configurations.
package claims
