package grid

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// without returns the numbers of the cells that no exclude block names. It stops at the first
// fault of a condition, and warns of those that hold for no cell: a misspelt
// value looks just like that.
func (d *declaration) without(made *combinations) (cells []int32, warnings hcl.Diagnostics) {
	cells = make([]int32, made.count)
	for i := range cells {
		cells[i] = int32(i)
	}
	for _, condition := range d.exclusions {
		var faults hcl.Diagnostics
		names, before, undecided := settingsIn(condition), len(cells), false
		decided, key := map[int]cty.Value{}, made.readOf(names)
		if limit := maxConditionWork / parts(condition); key.count > limit {
			return nil, hcl.Diagnostics{failure("Too large",
				fmt.Sprintf("this condition would be asked for %d combinations of settings: must be at most %d for one of its length; shorten it, or let it read fewer axes", key.count, limit), condition.Range())}
		}
		cells = slices.DeleteFunc(cells, func(number int32) bool {
			if faults.HasErrors() {
				return false
			}
			combination := key.of(int(number))
			excluded, known := decided[combination]
			if !known {
				excluded, faults = d.excluded(condition, names, made.at(int(number)))
				decided[combination] = excluded
			}
			undecided = undecided || !excluded.IsKnown()
			return excluded.IsKnown() && excluded.True()
		})
		if faults.HasErrors() {
			return nil, faults
		}
		if len(cells) == before && !undecided {
			warnings = append(warnings, warning("Nothing excluded", "this condition holds for no cell that is left: is a value misspelt?", condition.Range()))
		}
	}
	return cells, warnings
}

// maxConditionWork bounds the parts of a condition, times the combinations of
// settings for which it is asked.
const maxConditionWork = 20_000_000

// parts counts the nodes of an expression.
func parts(expression hcl.Expression) int {
	count := 0
	_ = hclsyntax.VisitAll(expression.(hclsyntax.Node), func(hclsyntax.Node) hcl.Diagnostics { count++; return nil })
	return count
}

// settingsIn lists the settings that a condition refers to.
func settingsIn(condition hcl.Expression) []sweep.Setting {
	var found []sweep.Setting
	for _, reference := range condition.Variables() {
		if setting, ok := sweep.Lookup(reference.RootName()); ok {
			found = append(found, setting)
		}
	}
	return found
}

// excluded is whether a condition holds for a cell; it is unknown where the
// condition refers to a variable at fault, which is reported.
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
			fmt.Sprintf("when is %s at %s: must be true or false, as in neurons * timesteps > 200", describe(value), cellLabel(c)), condition.Range())}
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

func cellLabel(c sweep.Configuration) string {
	return fmt.Sprintf("n=%d t=%d k=%s", c.Neurons, c.Timesteps, sweep.Format(c.K))
}
