package table

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"spiqsweep/sweep"
)

// Level summarises one error over all finished trainings that have a given value
// of a swept setting and a given k.
type Level struct {
	Axis, Value   string
	Scope         string // of a level of k: the values of further axes, as in claims.csv
	Fitted        bool   // whether the value is a model that is fitted, not trained
	K             float64
	Error         string  // by its column in results.csv
	Models        int     // trainings whose error is known
	GeometricMean float64 // of the errors; NaN if one is 0
	Floor         float64 // geometric mean of the floors; NaN without one, or if one is 0
	HasFloors     bool    // some of the trainings have a floor
	Reference     string  // the axis's first value
	pair          pair    // the reference against this value
}

// Ratio returns the geometric mean, over pairs, of the error of the reference by the error
// of this value, and its 95 % interval. Each is NaN where it is not defined.
func (l Level) Ratio() (mean, low, high float64) {
	ratios := l.pair.logRatios()
	mean = orNaN(ratios.mean())
	low, high, known := Interval(ratios)
	return math.Exp(mean), math.Exp(orNaN(low, known)), math.Exp(orNaN(high, known))
}

// WriteAxes writes axes.csv: the levels of every swept setting, with each value compared
// with the first one of its axis.
func WriteAxes(w io.Writer, levels []Level) error {
	return write(w, axesColumns(), func(yield func(Level, error) bool) {
		for _, level := range levels {
			if !yield(level, nil) {
				return
			}
		}
	})
}

func axesColumns() []column[Level] {
	return []column[Level]{
		{"axis", text, "a swept setting, or `model`, which compares with the baselines", func(l Level) string { return l.Axis }},
		{"scope", text, "for the axis k, the values of further swept settings, such as `preset=paper`: these rows are over the numbers of neurons and time steps. Empty for any other axis, and without further settings", func(l Level) string { return l.Scope }},
		{"value", text, "one of its values", func(l Level) string { return l.Value }},
		{"k", number, "k of these trainings", func(l Level) string { return Number(l.K) }},
		{"error", text, "which error, by its column in results.csv", func(l Level) string { return l.Error }},
		{"models", number, "finished trainings of this value and k, of any other settings (of the scope) and replicate, whose error is known; of a baseline its fits, of which k changes none", func(l Level) string { return strconv.Itoa(l.Models) }},
		{"geometric_mean", number, "of their errors; empty if one is 0", func(l Level) string { return optional(l.GeometricMean, true) }},
		{"floor", number, "geometric mean of their floors; empty if one is 0", func(l Level) string { return optional(l.Floor, true) }},
		{"reference", text, "the first value of the axis, with which this one is compared; of k the smallest, 0 for the standard loss", func(l Level) string { return l.Reference }},
		{"pairs", number, "pairs of trainings of the two values that agree in all other settings and the replicate; of trainings and baselines on the same data", func(l Level) string { return strconv.Itoa(len(l.pair.first)) }},
		{"log_ratio", number, "mean over pairs of ln(error of the reference / error of this value): positive where this value is better", func(l Level) string { return optional(l.pair.logRatios().mean()) }},
		{"log_ratio_ci95_low", number, "lower end of its 95 % interval by Student's t, pairs taken as independent; from three pairs on", func(l Level) string { low, _, ok := Interval(l.pair.logRatios()); return optional(low, ok) }},
		{"log_ratio_ci95_high", number, "its upper end", func(l Level) string { _, high, ok := Interval(l.pair.logRatios()); return optional(high, ok) }},
		{"share_won", number, "share of pairs in which this value has the smaller error", func(l Level) string { return optional(l.pair.shareWon()) }},
	}
}

// Levels returns the levels of every swept setting, in grid order, with those of neurons
// if no setting but k is swept, then those of the models if there are baselines. Values
// without a finished training are omitted.
func (t *Trainings) Levels() []Level {
	axes := slices.Clone(t.shape.Axes)
	if !slices.ContainsFunc(axes, func(axis string) bool { return axis != kName }) {
		axes = append(axes, "neurons")
	}
	var all []Level
	for _, axis := range axes {
		switch s, known := sweep.Lookup(axis); {
		case axis == kName:
			all = append(all, t.levelsOfK(s)...)
		case known:
			all = append(all, t.levelsOf(s)...)
		}
	}
	return append(all, t.levelsOfModels()...)
}

// kName is the axis of the K-loss.
const kName = "k"

// levelsOfK returns the levels of k within each combination of the values of further axes,
// since the effect of the K-loss depends on them: a reading of the paper has its own
// K-loss. It leaves out objectives that do not read k.
func (t *Trainings) levelsOfK(k sweep.Setting) []Level {
	members := map[string][]*configuration{}
	var scopes []string
	for _, c := range t.configurations {
		if k.ReadBy(c.row.Configuration) {
			scope := t.shape.Facet(c.row.Configuration)
			members[scope], scopes = append(members[scope], c), append(scopes, scope)
		}
	}
	var all []Level
	for _, scope := range distinct(scopes) {
		losses := byK(members[scope])
		ks := slices.Sorted(maps.Keys(losses))
		for _, value := range ks {
			var matched []partners
			if value != ks[0] {
				matched = between(k, losses[ks[0]], losses[value])
			}
			level := Level{Axis: k.Name, Scope: scope, Value: sweep.Format(value), K: value, Reference: sweep.Format(ks[0])}
			all = append(all, t.levelsOfValue(level, losses[value], matched)...)
		}
	}
	return all
}

// levelsOfModels returns the levels of the circuit and of each baseline, with each
// training of the circuit compared with the baseline of its data and settings.
func (t *Trainings) levelsOfModels() []Level {
	if len(t.baselines) == 0 {
		return nil
	}
	circuits := byK(t.configurations)
	models, found := map[string][]*configuration{}, map[string]*configuration{}
	for _, b := range t.baselines {
		model := b.row.Configuration.Model
		models[model] = append(models[model], b)
		found[baselineKey(b, model)] = b
	}
	var all []Level
	for _, k := range slices.Sorted(maps.Keys(circuits)) {
		for _, model := range append([]string{sweep.ModelSpiQGAN}, sweep.Baselines...) {
			members := models[model] // of a fitted model, those of every k
			fitted := sweep.Configuration{Model: model}.IsFitted()
			switch {
			case model == sweep.ModelSpiQGAN:
				members = circuits[k]
			case !fitted:
				members = byK(members)[k]
			}
			var matched []partners
			if model != sweep.ModelSpiQGAN {
				matched = againstBaselines(circuits[k], model, found)
			}
			all = append(all, t.levelsOfValue(Level{
				Axis: "model", Value: model, K: k, Reference: sweep.ModelSpiQGAN,
				Fitted: fitted,
			}, members, matched)...)
		}
	}
	return all
}

func byK(all []*configuration) map[float64][]*configuration {
	members := map[float64][]*configuration{}
	for _, c := range all {
		members[c.row.Configuration.K] = append(members[c.row.Configuration.K], c)
	}
	return members
}

// againstBaselines matches each configuration with its baseline. A fitted model stands for
// every replicate.
func againstBaselines(circuits []*configuration, model string, found map[string]*configuration) []partners {
	var all []partners
	for _, c := range circuits {
		b := found[baselineKey(c, model)]
		if b == nil || len(b.replicates) == 0 {
			continue
		}
		if b.row.Configuration.IsFitted() {
			b = &configuration{replicates: c.replicates, errors: slices.Repeat(b.errors, len(c.replicates))}
		}
		all = append(all, partners{c, b})
	}
	return all
}

// baselineKey returns a key that is equal for a baseline and the configurations that
// it is compared with, "" if the configuration has no such baseline.
func baselineKey(c *configuration, model string) string {
	b, err := c.row.Configuration.Baseline(model)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%q %t %v %s", c.row.Data, b.Recording.Clip, c.row.NeuronIDs, sweep.Canonical(b))
}

// levelsOf returns the levels of one axis.
func (t *Trainings) levelsOf(axis sweep.Setting) []Level {
	if len(t.configurations) == 0 {
		return nil
	}
	type key struct {
		value string
		k     float64
	}
	members := map[key][]*configuration{}
	var axisValues []string
	var ks []float64
	for _, c := range t.configurations {
		at := key{valueOf(axis, c.row.Configuration), c.row.Configuration.K}
		if members[at] == nil {
			axisValues, ks = append(axisValues, at.value), append(ks, at.k)
		}
		members[at] = append(members[at], c)
	}
	axisValues, ks = distinct(axisValues), distinct(ks)
	slices.Sort(ks)
	reference := axisValues[0]
	var all []Level
	for _, value := range axisValues {
		for _, k := range ks {
			var matched []partners
			if value != reference {
				matched = between(axis, members[key{reference, k}], members[key{value, k}])
			}
			level := Level{Axis: axis.Name, Value: value, K: k, Reference: reference}
			all = append(all, t.levelsOfValue(level, members[key{value, k}], matched)...)
		}
	}
	return all
}

// levelsOfValue returns a level for each measure of the members that is known, with the
// pairs of the partners.
func (t *Trainings) levelsOfValue(level Level, members []*configuration, matched []partners) []Level {
	var all []Level
	for i, m := range t.measures {
		level.Error, level.pair = m.name, pair{}
		if level.fill(members, i, len(t.measures)); level.Models == 0 {
			continue
		}
		for _, p := range matched {
			x, y := shared(p.first, p.second, i, len(t.measures))
			level.pair.first, level.pair.second = append(level.pair.first, x...), append(level.pair.second, y...)
		}
		all = append(all, level)
	}
	return all
}

// partners are two configurations whose replicates are paired.
type partners struct{ first, second *configuration }

// distinct removes repeated values in place, keeping the first of each.
func distinct[V comparable](all []V) []V {
	seen := map[V]bool{}
	return slices.DeleteFunc(all, func(v V) bool {
		again := seen[v]
		seen[v] = true
		return again
	})
}

// fill computes the geometric means of one measure over configurations.
func (l *Level) fill(members []*configuration, measure, measures int) {
	var errors, floors values
	for _, c := range members {
		for i := range c.replicates {
			if v := c.errors[i*measures+measure]; !math.IsNaN(v) {
				errors = append(errors, v)
				if f := c.floors[measure]; !math.IsNaN(f) {
					floors = append(floors, f)
				}
			}
		}
	}
	l.Models, l.HasFloors = len(errors), len(floors) > 0
	l.GeometricMean, l.Floor = orNaN(errors.geometricMean()), orNaN(floors.geometricMean())
}

// between matches the configurations of two values of an axis.
func between(axis sweep.Setting, first, second []*configuration) []partners {
	byKey := map[string]*configuration{}
	for _, c := range first {
		byKey[keyWithout(axis, c)] = c
	}
	var all []partners
	for _, c := range second {
		if partner := byKey[keyWithout(axis, c)]; partner != nil {
			all = append(all, partners{partner, c})
		}
	}
	return all
}
