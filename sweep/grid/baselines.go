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

// addBaselines appends the baselines of the grid's configurations: first the trained
// ones, then baseline by baseline, in grid order. Configurations that differ only in
// what a baseline does not read share it. A baseline is left out where it is not
// defined, with a warning unless the single time step is the reason.
func (d *declaration) addBaselines(g *Grid) hcl.Diagnostics {
	var warnings hcl.Diagnostics
	for _, name := range d.baselines {
		defined, undefined := 0, 0
		var reason error
		all := g.distinct(name)
		seen := map[string]bool{} // of a trained baseline: an objective may not read k
		for _, c := range all {
			b, err := c.Baseline(name)
			switch {
			case err == nil && b.IsFitted():
				g.fitted = append(g.fitted, b)
				defined++
			case err == nil:
				if text := valuesOf(sweep.Settings(), b); !seen[text] {
					seen[text] = true
					g.trained = append(g.trained, b)
				}
				defined++
			default:
				reason = err
				c.Timesteps = max(c.Timesteps, 2)
				if _, err := c.Baseline(name); err != nil {
					undefined++
				}
			}
		}
		if undefined > 0 || defined == 0 {
			warnings = append(warnings, warning("Baseline left out",
				fmt.Sprintf("%v: there is none for %d of %d combinations of the axes that it reads", reason, len(all)-defined, len(all)), d.baselinesAt))
		}
	}
	return warnings
}

// distinct returns one of all configurations that have the same baseline, the first.
func (g *Grid) distinct(model string) []sweep.Configuration {
	var read []sweep.Setting
	for _, s := range sweep.Settings() {
		if s.ReadByModel(model) {
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
			if text := valuesOf(read, c); !seenText[text] { // two presets may give the same values
				seenText[text] = true
				all = append(all, c)
			}
		}
	}
	return all
}

// valuesOf returns a text of the values of settings.
func valuesOf(settings []sweep.Setting, c sweep.Configuration) string {
	text := ""
	for _, s := range settings {
		text += sweep.Format(s.Value(c)) + " "
	}
	return text
}
