package grid

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// setBaselines reads the list of baselines.
func (d *declaration) setBaselines(value cty.Value, at hcl.Range) *hcl.Diagnostic {
	if !isList(value) {
		return failure("Wrong value", fmt.Sprintf(`baselines = %s: must be a list, such as ["independent", "pairwise"]`, describe(value)), at)
	}
	for _, element := range value.AsValueSlice() {
		name, isText := native(element).(string)
		switch {
		case !isText || !slices.Contains(sweep.Baselines, name):
			return failure("Wrong value", fmt.Sprintf("baselines: %s: must be %s%s", describe(element), sweep.Alternatives(sweep.Baselines), didYouMean(name, sweep.Baselines)), at)
		case slices.Contains(d.baselines, name):
			return failure("Duplicate value", fmt.Sprintf("baselines: %q occurs twice: take one out", name), at)
		}
		d.baselines = append(d.baselines, name)
	}
	slices.SortFunc(d.baselines, func(a, b string) int {
		return slices.Index(sweep.Baselines, a) - slices.Index(sweep.Baselines, b)
	})
	d.baselinesAt = at
	return nil
}

// addBaselines appends the baselines of the grid's configurations: baseline by
// baseline, in grid order. Configurations on the same data share one. A baseline is
// left out where it is not defined, with a warning unless the single time step is the
// reason.
func (d *declaration) addBaselines(g *Grid) hcl.Diagnostics {
	if len(d.baselines) == 0 {
		return nil
	}
	var warnings hcl.Diagnostics
	data := g.distinctData()
	for _, name := range d.baselines {
		defined, undefined := 0, 0
		var reason error
		for _, c := range data {
			b, err := c.Baseline(name)
			if err == nil {
				g.baselines = append(g.baselines, b)
				defined++
				continue
			}
			reason = err
			c.Timesteps = max(c.Timesteps, 2)
			if _, err := c.Baseline(name); err != nil {
				undefined++
			}
		}
		if undefined > 0 || defined == 0 {
			warnings = append(warnings, warning("Baseline left out",
				fmt.Sprintf("%v: there is none for %d of %d combinations of the axes that it reads", reason, len(data)-defined, len(data)), d.baselinesAt))
		}
	}
	return warnings
}

// distinctData returns the first configuration of each data set and shape: one of all
// that have the same baselines.
func (g *Grid) distinctData() []sweep.Configuration {
	var read []sweep.Setting
	for _, s := range sweep.Settings() {
		if s.ReadByBaselines() {
			read = append(read, s)
		}
	}
	key := g.combinations.readOf(read)
	seen, seenText := map[int]bool{}, map[string]bool{}
	var all []sweep.Configuration
	for i, number := range g.kept {
		if n := key.of(int(number)); !seen[n] {
			seen[n] = true
			c := g.Configuration(i)
			text := "" // two presets may give the same values
			for _, s := range read {
				text += sweep.Format(s.Value(c)) + " "
			}
			if !seenText[text] {
				seenText[text] = true
				all = append(all, c)
			}
		}
	}
	return all
}
