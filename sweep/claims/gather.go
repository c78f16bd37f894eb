package claims

import (
	"cmp"
	"math"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// The errors that the claims are about, as indices of training.errors.
const (
	kProbability = iota
	firingRate
	covariance
	autocorrelogram
	errorCount
)

// errorNames are their names in sweep.Measures.
var errorNames = [errorCount]string{"k_probability", "firing_rate_hz2", "covariance", "autocorrelogram"}

// maxFacets bounds the number of facets, as that of figures is bounded.
const maxFacets = 100

// facet holds the configurations that differ only in neurons, timesteps and k.
type facet struct {
	name           string           // the other axes' values; "" without other axes
	withoutK       bool             // the objective does not read k
	configurations []*configuration // by k, neurons and timesteps
	index          map[point]*configuration
}

// point is the place of a configuration in its facet.
type point struct {
	k                  float64
	neurons, timesteps int
}

// configuration holds the finished trainings of one configuration.
type configuration struct {
	point
	hasState  bool
	planned   int32               // number of replicates, finished or not
	floors    [errorCount]float64 // ln; NaN is missing
	trainings []training          // by replicate
}

// training holds the numbers of one finished training. It is small because a sweep may
// have a million. NaN is missing.
type training struct {
	replicate int32
	earlier   bool                // stored by an earlier version, without history and lag 1
	errors    [errorCount]float64 // ln
	jsFall    float64             // ln of the divergence at step 0 by that after the last step
	jsTau     float64             // Kendall's τ of the divergence and the step
	lagOne    float64             // ln of the model's autocorrelogram at lag 1 by the recording's
}

// gather groups the rows by facet, in any order of rows. It returns the first maxFacets
// facets and the number of those omitted.
func gather(shape table.Shape, rows table.Rows, each func(table.Row)) (all []*facet, omitted int, err error) {
	index := map[string]*facet{}
	for row, err := range rows {
		if err != nil {
			return nil, 0, err
		}
		if row.Configuration.IsBaseline() {
			continue // the paper claims nothing about them
		}
		each(row)
		name := shape.Facet(row.Configuration)
		f, known := index[name]
		if !known {
			if len(index) < maxFacets {
				f = &facet{name: name, index: map[point]*configuration{}}
				all = append(all, f)
			} else {
				omitted++
			}
			index[name] = f
		}
		if f != nil {
			f.add(row)
		}
	}
	for _, f := range all {
		slices.SortFunc(f.configurations, func(a, b *configuration) int {
			return cmp.Or(cmp.Compare(a.k, b.k), cmp.Compare(a.neurons, b.neurons), cmp.Compare(a.timesteps, b.timesteps))
		})
		for _, c := range f.configurations {
			slices.SortFunc(c.trainings, func(a, b training) int { return cmp.Compare(a.replicate, b.replicate) })
		}
	}
	return all, omitted, nil
}

// kSetting is the setting k.
var kSetting, _ = sweep.Lookup("k")

// add adds a row. Where the objective does not read k, rows that differ in k alone have
// the same training, which counts once, as of k = 0.
func (f *facet) add(row table.Row) {
	settings := row.Configuration
	at := point{settings.K, settings.Neurons, settings.Timesteps}
	if f.withoutK = !kSetting.ReadBy(settings); f.withoutK {
		at.k = 0
	}
	c := f.index[at]
	if c == nil {
		c = &configuration{point: at, hasState: settings.HasState()}
		f.index[at] = c
		f.configurations = append(f.configurations, c)
	}
	c.planned = max(c.planned, int32(settings.Replicate)+1)
	if row.Measures == nil || f.withoutK && slices.ContainsFunc(c.trainings, func(t training) bool { return t.replicate == int32(settings.Replicate) }) {
		return
	}
	m := *row.Measures
	t := training{replicate: int32(settings.Replicate), jsFall: math.NaN(), jsTau: math.NaN(), lagOne: math.NaN()}
	for i, name := range errorNames {
		t.errors[i], c.floors[i] = lnOf(m.Errors[name]), lnOf(m.Floors[name])
	}
	if h := m.History; h != nil {
		t.jsFall, t.jsTau = lnOf(h.FirstJSBits)-lnOf(h.LastJSBits), h.Tau
	}
	if l := m.LagOne; l != nil {
		t.lagOne = lnOf(l.Model) - lnOf(l.Data)
	}
	t.earlier = isEarlier(m, settings)
	c.trainings = append(c.trainings, t)
}

// isEarlier reports whether an earlier version stored the measures, without history and
// lag 1 where this version has them.
func isEarlier(m sweep.Measures, c sweep.Configuration) bool {
	_, hasLags := m.Errors["autocorrelogram"]
	return m.History == nil && m.LagOne == nil && (c.HasState() || hasLags)
}

// lnOf returns the logarithm of a positive number, NaN of any other.
func lnOf(v float64) float64 {
	if v <= 0 {
		return math.NaN()
	}
	return math.Log(v)
}

// losses returns the values of k in ascending order.
func (f *facet) losses() []float64 {
	var ks []float64
	for _, c := range f.configurations {
		ks = append(ks, c.k)
	}
	return slices.Compact(ks)
}

// of returns the configurations of one k.
func (f *facet) of(k float64) []*configuration {
	var all []*configuration
	for _, c := range f.configurations {
		if c.k == k {
			all = append(all, c)
		}
	}
	return all
}

// training returns the training of a replicate, nil without one.
func (c *configuration) training(replicate int32) *training {
	i, found := slices.BinarySearchFunc(c.trainings, replicate, func(t training, r int32) int { return cmp.Compare(t.replicate, r) })
	if !found {
		return nil
	}
	return &c.trainings[i]
}

// replicatesOf returns the finished replicates of any of the configurations in ascending
// order, of those that are planned for all of them.
func replicatesOf(configurations []*configuration) []int32 {
	var all []int32
	common := commonReplicates(configurations)
	for _, c := range configurations {
		for i := range c.trainings {
			if r := c.trainings[i].replicate; r < common {
				all = append(all, r)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return all
}

// commonReplicates returns the number of replicates that all configurations have.
func commonReplicates(configurations []*configuration) int32 {
	common := int32(math.MaxInt32)
	for _, c := range configurations {
		common = min(common, c.planned)
	}
	return common
}

// scope names a part of the facet.
func (f *facet) scope(part string) string {
	if f.name == "" {
		return part
	}
	return f.name + " " + part
}
