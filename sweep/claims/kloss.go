package claims

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// level is the largest p of a verdict, and minUnits the number of units (replicates, or
// pairs) from which on signFlips can reach it.
const (
	level    = 0.05
	minUnits = 6 // 2^(1−6) ≤ level
)

// kLossClaims are the claims that the K-loss improves the error of a subject.
var kLossClaims = []struct {
	name, subject string
	of            int
}{
	{"k_loss_improves_k_probability", "P(k)", kProbability},
	{"k_loss_improves_firing_rate", "the firing rates", firingRate},
}

// The statistics of pairs of trainings.
const (
	logRatio = "mean ln(standard / K)"
	shareWon = "share of configurations in which K is better"
)

// pairs holds the log ratios, standard by K, of one configuration by replicate.
type pairs struct {
	*configuration
	standard *configuration
	ratios   map[int32]float64
}

// improvements tests whether the K-loss improves an error: for each k over the grid, then
// for each configuration.
func (f *facet) improvements(name, subject string, of int) []table.Claim {
	ks := f.losses()
	var all []table.Claim
	add := func(scope, lacks string, claims ...table.Claim) {
		if lacks != "" {
			c := newClaim(scope, logRatio, nil)
			c.Lacks = lacks
			claims = []table.Claim{c}
		}
		for _, c := range claims {
			c.Name, c.Scope, c.Sentence = name, f.scope(c.Scope), "The K-loss lowers the error of "+subject
			if c.Rank == table.Further {
				c.Sentence = "… in more than half of the configurations"
			}
			all = append(all, c)
		}
	}
	switch {
	case f.withoutK:
		add("grid", "needs an objective that reads k")
	case slices.Equal(ks, []float64{0}):
		add("grid", "needs another value of k beside 0")
	}
	for _, k := range ks {
		scope := "grid k=" + sweep.Format(k)
		switch compared := f.pairsOf(k, of); {
		case k == 0:
		case ks[0] != 0:
			add(scope, "needs k = 0, the standard loss")
		case len(compared) == 0:
			add(scope, "needs configurations that differ in k alone")
		default:
			add(scope, "", slices.Concat(overGrid(scope, compared), perConfiguration(compared))...)
		}
	}
	return all
}

// pairsOf pairs the configurations of k with those of the standard loss.
func (f *facet) pairsOf(k float64, of int) (all []pairs) {
	for _, c := range f.of(k) {
		standard := f.index[point{0, c.neurons, c.timesteps}]
		if standard == nil {
			continue
		}
		p := pairs{c, standard, map[int32]float64{}}
		errors := map[int32]float64{}
		for _, t := range standard.trainings {
			errors[t.replicate] = t.errors[of]
		}
		for _, t := range c.trainings {
			if before, both := errors[t.replicate]; both && !math.IsNaN(before-t.errors[of]) {
				p.ratios[t.replicate] = before - t.errors[of]
			}
		}
		all = append(all, p)
	}
	return all
}

// overGrid tests all pairs of one k together. Trainings of different configurations
// share no random draws (DESIGN.md, section 5.1), so each pair is flipped by itself, and
// a few replicates of many configurations suffice. Only replicates that all of the
// configurations have count, so that the mean is one over the same configurations.
func overGrid(scope string, compared []pairs) []table.Claim {
	var configurations []*configuration
	for _, p := range compared {
		configurations = append(configurations, p.configuration, p.standard)
	}
	common := commonReplicates(configurations)
	means, shares := map[int32][]float64{}, map[int32][]float64{}
	var ratios []float64
	won := map[int]int{} // pairs by the sign of the log ratio
	for _, p := range compared {
		for _, replicate := range slices.Sorted(maps.Keys(p.ratios)) {
			if replicate >= common {
				break
			}
			v := p.ratios[replicate]
			sign := cmp.Compare(v, 0)
			won[sign]++
			ratios = append(ratios, v)
			means[replicate] = append(means[replicate], v)
			shares[replicate] = append(shares[replicate], float64(sign)/2) // a share is 0.5 above its mean
		}
	}
	p, _ := signFlips([][]float64{ratios})
	mean := newClaim(scope, logRatio, averages(means))
	mean.Plain = inPlain(mean, "the K-loss divides the error by %s", ratio)
	improves(&mean, p[0], p[0], ratioMargin)
	share := newClaim(scope, shareWon, averages(shares))
	share.Rank = table.Further
	if len(ratios) > 0 {
		p := signTest(won[1], won[-1])
		improves(&share, p, p, shareMargin)
	}
	for _, c := range []*table.Claim{&mean, &share} {
		if c.Lacks = lacksReplicates(len(means)); c.Lacks == "" && len(ratios) < minUnits {
			c.Lacks = fmt.Sprintf("needs at least %d pairs of trainings (%d finished)", minUnits, len(ratios))
		}
		*c = conclude(*c)
	}
	for _, v := range []*float64{&share.Effect, &share.Low, &share.High} {
		*v = min(max(0.5+*v, 0), 1)
	}
	share.Plain = inPlain(share, "better with K in %s of configurations", percent)
	return []table.Claim{mean, share}
}

// perConfiguration tests each configuration of one k, with p corrected over those that
// have enough pairs for a verdict. The others, which results may have stopped early, are
// undecided. Among few pairs a large |t| is frequent by chance, so that in the corrected
// family they would hide the effects of the rest.
func perConfiguration(compared []pairs) []table.Claim {
	replicates, tested := map[int32]bool{}, []pairs{}
	for _, p := range compared {
		if len(p.ratios) < minUnits {
			continue
		}
		tested = append(tested, p)
		for replicate := range p.ratios {
			replicates[replicate] = true
		}
	}
	samples := make([][]float64, len(tested))
	for i, p := range tested {
		for _, replicate := range slices.Sorted(maps.Keys(replicates)) {
			v, both := p.ratios[replicate]
			if !both {
				v = math.NaN()
			}
			samples[i] = append(samples[i], v)
		}
	}
	p, corrected := signFlips(samples)
	var all []table.Claim
	next := 0 // of tested
	for _, of := range compared {
		c := newClaim(fmt.Sprintf("n=%d t=%d k=%s", of.neurons, of.timesteps, sweep.Format(of.k)), logRatio, slices.Sorted(maps.Values(of.ratios)))
		c.Rank = table.OfConfiguration
		if n := len(of.ratios); n < minUnits {
			alone, _ := signFlips([][]float64{slices.Sorted(maps.Values(of.ratios))})
			c.P = alone[0]
			c.Lacks = fmt.Sprintf("needs at least %d replicates with both losses (%d finished), for a p of %v or less", minUnits, n, level)
		} else {
			improves(&c, p[next], corrected[next], math.Inf(-1))
			next++
		}
		all = append(all, conclude(c))
	}
	return all
}

// improves judges the claim that the K-loss improves an error, by the interval and p. The
// claim fails if the K-loss is worse, or if the interval excludes an improvement of the
// margin.
func improves(c *table.Claim, p, corrected, margin float64) {
	c.P, c.Corrected = p, corrected
	switch {
	case corrected <= level && c.Low > 0:
		c.Verdict = table.Holds
	case corrected <= level && c.High < 0, c.High < margin:
		c.Verdict = table.Fails
	}
}

// conclude leaves a claim undecided that lacks something, and names what one lacks that
// is undecided.
func conclude(c table.Claim) table.Claim {
	switch {
	case c.Lacks != "":
		c.Verdict = table.Undecided
	case c.Verdict == table.Undecided && c.Corrected > level && c.Low*c.High > 0:
		c.Lacks = fmt.Sprintf("needs more replicates: p = %.2g is above %v", c.Corrected, level)
	case c.Verdict == table.Undecided:
		c.Lacks = tooWide
	}
	return c
}

// averages returns the mean of each list, in ascending order.
func averages(lists map[int32][]float64) []float64 {
	var all []float64
	for _, values := range lists {
		all = append(all, meanOf(values))
	}
	slices.Sort(all)
	return all
}
