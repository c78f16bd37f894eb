package grid

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
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
		cells = slices.DeleteFunc(cells, func(number int32) bool {
			if faults.HasErrors() {
				return false
			}
			var excluded cty.Value
			excluded, faults = d.excluded(condition, names, made.at(int(number)))
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
