package grid

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// notExcluded returns the numbers of the combinations that no exclude block
// excludes. It stops at the first fault of a condition. It warns of a condition
// that excludes nothing, because a misspelt value has this effect.
func (d *declaration) notExcluded(all *combinations) (kept []int32, warnings hcl.Diagnostics) {
	kept = make([]int32, all.count)
	for i := range kept {
		kept[i] = int32(i)
	}
	for _, condition := range d.exclusions {
		var faults hcl.Diagnostics
		names, before, undecided := settingsIn(condition), len(kept), false
		decided, key := map[int]cty.Value{}, all.readOf(names)
		if limit := maxConditionWork / nodeCount(condition); key.count > limit {
			return nil, hcl.Diagnostics{failure("Too large",
				fmt.Sprintf("this condition would be evaluated for %d combinations of settings: must be at most %d for one of its length; shorten it, or let it read fewer axes", key.count, limit), condition.Range())}
		}
		kept = slices.DeleteFunc(kept, func(number int32) bool {
			if faults.HasErrors() {
				return false
			}
			combination := key.of(int(number))
			excluded, known := decided[combination]
			if !known {
				excluded, faults = d.excluded(condition, names, all.at(int(number)))
				decided[combination] = excluded
			}
			undecided = undecided || !excluded.IsKnown()
			return excluded.IsKnown() && excluded.True()
		})
		if faults.HasErrors() {
			return nil, faults
		}
		if len(kept) == before && !undecided {
			warnings = append(warnings, warning("Nothing excluded", "no remaining configuration meets this condition: is a value misspelt?", condition.Range()))
		}
	}
	return kept, warnings
}

// maxConditionWork bounds the nodes of a condition times the combinations of
// settings for which it is evaluated.
const maxConditionWork = 20_000_000

// nodeCount returns the number of nodes of an expression.
func nodeCount(expression hcl.Expression) int {
	count := 0
	_ = hclsyntax.VisitAll(expression.(hclsyntax.Node), func(hclsyntax.Node) hcl.Diagnostics { count++; return nil })
	return count
}

// settingsIn returns the settings that a condition refers to.
func settingsIn(condition hcl.Expression) []sweep.Setting {
	var found []sweep.Setting
	for _, reference := range condition.Variables() {
		if setting, ok := sweep.Lookup(reference.RootName()); ok {
			found = append(found, setting)
		}
	}
	return found
}

// excluded reports whether a configuration meets a condition. The value is unknown
// if the condition refers to a variable with a fault, which has its own diagnostic.
func (d *declaration) excluded(condition hcl.Expression, names []sweep.Setting, c sweep.Configuration) (cty.Value, hcl.Diagnostics) {
	context := d.scope.context.NewChild()
	context.Variables = map[string]cty.Value{}
	for _, setting := range names {
		context.Variables[setting.Name] = ctyValue(setting.Value(c))
	}
	value, faults := condition.Value(context)
	switch {
	case faults.HasErrors():
		return cty.False, faults
	case !value.IsKnown():
		return value, nil
	case value.IsNull() || value.Type() != cty.Bool:
		return cty.False, hcl.Diagnostics{failure("Wrong condition",
			fmt.Sprintf("when is %s at %s: must be true or false, as in neurons * timesteps > 200", describe(value), shortLabel(c)), condition.Range())}
	}
	return value, nil
}

func ctyValue(value any) cty.Value {
	switch v := value.(type) {
	case float64:
		return cty.NumberFloatVal(v)
	case bool:
		return cty.BoolVal(v)
	default:
		return cty.StringVal(v.(string))
	}
}

func shortLabel(c sweep.Configuration) string {
	return fmt.Sprintf("n=%d t=%d k=%s", c.Neurons, c.Timesteps, sweep.Format(c.K))
}
