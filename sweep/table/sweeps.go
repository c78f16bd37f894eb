package table

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"spiqsweep/sweep"
)

// Match is a configuration that two sweeps have.
type Match struct {
	First, Second Row // of the first replicate, without measures
	Errors        []ErrorChange
}

// ErrorChange compares an error between two sweeps, over the replicates that both have
// finished. NaN is undefined.
type ErrorChange struct {
	Error         string // by its column in results.csv
	Pairs         int    // replicates
	First, Second float64
	// Difference is the mean of second minus first over replicates, below 0 where the second
	// is better; Low and High are the ends of its 95 % interval by Student's t, from three
	// replicates on.
	Difference, Low, High   float64
	FirstFloor, SecondFloor float64
}

// CompareSweeps matches the configurations of two sweeps: those with the same model that
// agree in all settings that either sweep has as an axis. It returns the matches in the
// order of the first sweep, and the configurations that only one sweep has. Replicate r of
// one is paired with replicate r of the other.
func CompareSweeps(first, second *Trainings) (matches []Match, onlyFirst, onlySecond []Row) {
	axes := slices.Concat([]string{"neurons", "timesteps", "k"}, first.shape.Axes, second.shape.Axes)
	others := map[string]*configuration{}
	for c := range second.all() {
		others[keyOf(axes, c)] = c
	}
	matched := map[*configuration]bool{}
	for c := range first.all() {
		other := others[keyOf(axes, c)]
		if other == nil {
			onlyFirst = append(onlyFirst, c.row)
			continue
		}
		matched[other] = true
		m := Match{First: c.row, Second: other.row}
		for i, measured := range first.measures {
			j := slices.IndexFunc(second.measures, func(of measure) bool { return of.name == measured.name })
			if change, defined := changeOf(c, other, i, j, len(first.measures), len(second.measures)); j >= 0 && defined {
				change.Error = measured.name
				m.Errors = append(m.Errors, change)
			}
		}
		matches = append(matches, m)
	}
	for c := range second.all() {
		if !matched[c] {
			onlySecond = append(onlySecond, c.row)
		}
	}
	return matches, onlyFirst, onlySecond
}

// all yields the configurations in grid order.
func (t *Trainings) all() iter.Seq[*configuration] {
	return func(yield func(*configuration) bool) {
		for _, c := range slices.Concat(t.configurations, t.baselines) {
			if !yield(c) {
				return
			}
		}
	}
}

// keyOf returns a text that is equal for configurations that agree in the model and in the
// named settings, as far as the model reads them.
func keyOf(axes []string, c *configuration) string {
	settings := c.row.Configuration
	key := settings.Model
	for _, name := range axes {
		if s, known := sweep.Lookup(name); known && s.ReadByModel(settings.Model) {
			key += fmt.Sprintf(" %s=%s", name, sweep.Format(s.Value(settings)))
		}
	}
	return key
}

// changeOf compares measure i of one configuration with measure j of another, where each
// has as many measures as given.
func changeOf(a, b *configuration, i, j, ofA, ofB int) (change ErrorChange, defined bool) {
	if j < 0 {
		return change, false
	}
	var x, y, differences values
	for r, replicate := range a.replicates {
		s, both := slices.BinarySearch(b.replicates, replicate)
		if !both {
			continue
		}
		u, v := a.errors[r*ofA+i], b.errors[s*ofB+j]
		if math.IsNaN(u) || math.IsNaN(v) {
			continue
		}
		x, y, differences = append(x, u), append(y, v), append(differences, v-u)
	}
	if len(x) == 0 {
		return change, false
	}
	low, high, ok := Interval(differences)
	if !ok {
		low, high = math.NaN(), math.NaN()
	}
	return ErrorChange{
		Pairs: len(x), First: orNaN(x.mean()), Second: orNaN(y.mean()), Difference: orNaN(differences.mean()), Low: low, High: high,
		FirstFloor: a.floors[i], SecondFloor: b.floors[j],
	}, true
}
