package claims

import (
	"fmt"
	"math"
	"slices"

	"spiqsweep/sweep/table"
)

// minReplicates is the number of replicates from which on there is an interval.
const minReplicates = 3

// factor is the smallest factor that matters: of an error per doubling of an axis, and
// between two errors.
const factor = 0.9

// The margins of verdicts: the smallest effects that matter.
var (
	slopeMargin = -math.Log2(factor) // per doubling: ln(factor) / ln 2
	ratioMargin = -math.Log(factor)
)

const (
	tauMargin   = 0.1
	shareMargin = 0.05 // of configurations, beyond a half
)

// axis is the setting against which a statistic takes slopes.
type axis string

const (
	noAxis    axis = "" // the statistic is a mean over configurations
	neurons   axis = "neurons"
	timesteps axis = "timesteps"
)

// statistic is one statistic of a claim about the trainings of one k.
type statistic struct {
	claim    string
	sentence string
	name     string
	axis     axis
	value    func(*configuration, *training) float64 // NaN where it is undefined
	claimed  claimed
	margin   float64
	plain    func(effect float64) string // a number in plain units
	unit     string                      // in which %s is the number and its interval
	lacks    string                      // why the value may be undefined everywhere
	bound    float64                     // largest magnitude of the value; 0: none
	recent   bool                        // whether measures that earlier versions stored lack the value
	rank     table.Rank
}

// claimed is the kind of effect that a claim is about.
type claimed int

const (
	positive claimed = iota
	negative
	noNegative // the claim is that there is no negative effect
)

// statistics lists the claims that do not compare losses. doc.go has the reasons.
var statistics = []statistic{
	falls("k_probability_error_falls_with_neurons", "The error of P(k) falls as neurons are added", neurons, kProbability),
	{
		claim:    "k_probability_error_falls_with_neurons",
		sentence: "… beyond the fall that a mean over n + 1 values has by itself", name: "slope of ln((n + 1) error) against ln(n)",
		axis: neurons, claimed: negative, margin: slopeMargin, plain: perDoubling, unit: "(n + 1) · error × %s per doubling of n",
		value: func(c *configuration, t *training) float64 {
			return t.errors[kProbability] + math.Log(float64(c.neurons+1))
		},
		lacks: "needs errors above 0", rank: table.Further,
	},
	falls("firing_rate_error_falls_with_neurons", "The error of the firing rates falls as neurons are added", neurons, firingRate),
	{
		claim:    "firing_rate_error_falls_with_neurons",
		sentence: "… beyond the fall that the choice of neurons brings", name: "slope of ln(error / floor) against ln(n)",
		axis: neurons, claimed: negative, margin: slopeMargin, plain: perDoubling, unit: "error in floors × %s per doubling of n",
		value: func(c *configuration, t *training) float64 { return t.errors[firingRate] - c.floors[firingRate] },
		lacks: "needs floors, and so a recording of two repeats or more", rank: table.Further,
	},
	doesNotFall("k_probability_error_does_not_fall_with_timesteps", "The error of P(k) does not fall with more time steps", kProbability),
	doesNotFall("firing_rate_error_does_not_fall_with_timesteps", "The error of the firing rates does not fall with more time steps", firingRate),
	{
		claim:    "marginals_fit_better_than_correlations",
		sentence: "P(k) and firing rates are fitted better than covariances and autocorrelogram", name: "mean ln(correlations / marginals), errors in floors",
		claimed: positive, margin: ratioMargin, plain: ratio,
		unit:  "covariance and autocorrelogram are %s times as many floors away as P(k) and rates",
		value: correlationsToMarginals, lacks: "needs floors, two neurons or two time steps, and so a recording of two repeats or more",
	},
	{
		claim:    "js_falls_during_training",
		sentence: "The Jensen–Shannon divergence falls during training", name: "mean ln(JS at step 0 / JS after the last step)",
		claimed: positive, margin: ratioMargin, plain: ratio, unit: "JS falls by a factor of %s",
		value: func(_ *configuration, t *training) float64 { return t.jsFall }, recent: true, lacks: needsState,
	},
	{
		claim:    "js_falls_during_training",
		sentence: "… steadily", name: "mean Kendall's tau of JS and the step",
		claimed: negative, margin: tauMargin, plain: brief, unit: "Kendall's τ of JS and the step: %s",
		value: func(_ *configuration, t *training) float64 { return t.jsTau }, bound: 1, recent: true, lacks: needsState, rank: table.Further,
	},
	{
		claim:    "bursts_grow_with_timesteps",
		sentence: "Bursts of the model grow with the number of time steps", name: "slope of ln(model / recording) of the autocorrelogram at lag 1 against ln(t)",
		axis: timesteps, claimed: positive, margin: slopeMargin, plain: perDoubling,
		unit:  "spikes with another in the next bin, model / recording: × %s per doubling of t",
		value: func(_ *configuration, t *training) float64 { return t.lagOne }, recent: true, lacks: "needs two values of timesteps above 1",
	},
}

const needsState = "needs windows of at most 16 bits (neurons × timesteps), whose divergence is computed"

// falls returns the statistic of the claim that an error falls along an axis.
func falls(claim, sentence string, along axis, of int) statistic {
	return statistic{
		claim: claim, sentence: sentence, name: "slope of ln(error) against ln(" + along.symbol() + ")", axis: along, claimed: negative, margin: slopeMargin,
		value: func(_ *configuration, t *training) float64 { return t.errors[of] },
		plain: perDoubling, unit: "error × %s per doubling of " + along.symbol(), lacks: "needs errors above 0",
	}
}

func doesNotFall(claim, sentence string, of int) statistic {
	s := falls(claim, sentence, timesteps, of)
	s.claimed = noNegative
	return s
}

// symbol returns the symbol of the setting.
func (a axis) symbol() string {
	if a == neurons {
		return "n"
	}
	return "t"
}

// position returns the place of a configuration along the axis, and the setting that
// pairs of configurations share.
func (a axis) position(c *configuration) (along, shared int) {
	if a == neurons {
		return c.neurons, c.timesteps
	}
	return c.timesteps, c.neurons
}

// correlationsToMarginals returns the logarithm of how many times as many floors the
// errors of covariance and autocorrelogram are as those of P(k) and firing rates, as
// geometric means of those that are defined.
func correlationsToMarginals(c *configuration, t *training) float64 {
	mean := func(of ...int) float64 {
		sum, n := 0.0, 0.0
		for _, i := range of {
			if v := t.errors[i] - c.floors[i]; !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		return sum / n // NaN without any
	}
	return mean(covariance, autocorrelogram) - mean(kProbability, firingRate)
}

// perReplicate returns the statistic of each replicate in ascending order of values.
func (s *statistic) perReplicate(configurations []*configuration) []float64 {
	var all, values []float64
	var samples []sample
	for _, replicate := range replicatesOf(configurations) {
		samples, values = samples[:0], values[:0]
		for _, c := range configurations {
			t := c.training(replicate)
			if t == nil {
				continue
			}
			if y := s.value(c, t); !math.IsNaN(y) && !math.IsInf(y, 0) {
				at, shared := s.axis.position(c)
				samples, values = append(samples, sample{math.Log(float64(at)), y, shared}), append(values, y)
			}
		}
		if s.axis != noAxis {
			if slope, ok := theilSen(samples); ok {
				all = append(all, slope)
			}
		} else if len(values) > 0 {
			all = append(all, meanOf(values))
		}
	}
	slices.Sort(all)
	return all
}

// meanOf returns the mean of the values, NaN without any.
func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// test tests the statistic on the trainings of one k.
func (s *statistic) test(scope string, configurations []*configuration) table.Claim {
	values := s.perReplicate(configurations)
	c := newClaim(scope, s.name, values)
	c.Name, c.Sentence, c.Rank = s.claim, s.sentence, s.rank
	if s.bound > 0 {
		c.Low, c.High = max(c.Low, -s.bound), min(c.High, s.bound)
	}
	c.Plain = inPlain(c, s.unit, s.plain)
	c.Verdict = s.claimed.verdict(c.Low, c.High, s.margin)
	if c.Lacks = lacksReplicates(len(values)); len(values) == 0 {
		c.Lacks = s.missing(configurations)
	}
	return conclude(c)
}

// lacksReplicates returns what a sweep lacks that has values of a few replicates, "" if
// there are enough for an interval.
func lacksReplicates(finished int) string {
	if finished >= minReplicates {
		return ""
	}
	return fmt.Sprintf("needs at least %d replicates (%d finished)", minReplicates, finished)
}

// tooWide is what a sweep lacks whose interval includes both no effect and effects that
// matter.
const tooWide = "needs more replicates: the interval is too wide"

// missing returns why there is no value: an axis, finished trainings, or what the
// statistic needs.
func (s *statistic) missing(configurations []*configuration) string {
	if s.axis != noAxis {
		places, pairs := map[int]bool{}, false
		first := map[int]int{} // the first place by the other axis's value
		for _, c := range configurations {
			at, shared := s.axis.position(c)
			places[at] = true
			if there, seen := first[shared]; !seen {
				first[shared] = at
			} else if there != at {
				pairs = true
			}
		}
		switch {
		case len(places) < 2:
			return fmt.Sprintf("needs two values of %s or more", s.axis)
		case !pairs:
			return fmt.Sprintf("needs configurations that differ in %s alone", s.axis)
		}
	}
	finished := 0
	for _, c := range configurations {
		for _, t := range c.trainings {
			if finished++; t.earlier && s.recent {
				return "needs results of this version: these were stored by an earlier one"
			}
		}
	}
	if finished == 0 {
		return "needs finished trainings"
	}
	return s.lacks
}

// verdict judges an interval. The margin is the smallest effect that matters.
func (k claimed) verdict(low, high, margin float64) table.Verdict {
	if k != positive {
		low, high = -high, -low
	}
	there, absent := low > 0, high < margin
	if k == noNegative {
		there, absent = absent, there
	}
	switch {
	case there:
		return table.Holds
	case absent:
		return table.Fails
	}
	return table.Undecided
}

// newClaim returns an undecided claim with the mean of the values and its interval.
func newClaim(scope, statistic string, values []float64) table.Claim {
	c := table.Claim{
		Scope: scope, Statistic: statistic, Verdict: table.Undecided,
		Effect: meanOf(values), Low: math.NaN(), High: math.NaN(), P: math.NaN(), Corrected: math.NaN(),
	}
	if low, high, ok := table.Interval(values); ok {
		c.Low, c.High = low, high
	}
	return c
}

// inPlain formats the effect of a claim and its interval in a unit.
func inPlain(c table.Claim, unit string, number func(float64) string) string {
	if math.IsNaN(c.Effect) {
		return ""
	}
	text := number(c.Effect)
	if !math.IsNaN(c.Low) {
		text += fmt.Sprintf(" [%s, %s]", number(c.Low), number(c.High))
	}
	return fmt.Sprintf(unit, text)
}

func perDoubling(slope float64) string { return brief(math.Exp2(slope)) }
func ratio(ln float64) string          { return brief(math.Exp(ln)) }
func percent(share float64) string     { return fmt.Sprintf("%.0f %%", 100*share) }
func brief(v float64) string           { return fmt.Sprintf("%.3g", v) }
