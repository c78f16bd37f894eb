package grid

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// native turns a value of an expression into one that settings know: float64,
// bool or string; nil if it is of another kind.
func native(value cty.Value) any {
	if value.IsNull() {
		return nil
	}
	switch value.Type() {
	case cty.Number:
		v, _ := value.AsBigFloat().Float64() // the nearest one; ±Inf is in no range
		return v
	case cty.Bool:
		return value.True()
	case cty.String:
		return value.AsString()
	default:
		return nil
	}
}

// describe names a value in a message, whatever its type.
func describe(value cty.Value) string {
	switch v := native(value); {
	case v != nil:
		return sweep.Format(v)
	case value.IsNull():
		return "null"
	case isList(value):
		return "a list"
	default:
		return "an object"
	}
}

// valueOf reads a value of a setting. Cells may be listed as numbers.
func valueOf(setting sweep.Setting, value cty.Value, at hcl.Range) (any, *hcl.Diagnostic) {
	v := native(value)
	if cells, ok := cellList(value); ok && setting.Name == "select" {
		v = cells
	}
	if v == nil {
		return nil, failure("Wrong value", fmt.Sprintf("%s = %s: must be %s", setting.Name, describe(value), setting.Allowed()), at)
	}
	if err := setting.Check(v); err != nil {
		detail := err.Error()
		if word, ok := v.(string); ok {
			detail += didYouMean(word, setting.Values)
		}
		return nil, failure("Wrong value", detail, at)
	}
	return v, nil
}

// cellList writes a list of numbers as the setting `select` has it, "50,2,16".
func cellList(value cty.Value) (string, bool) {
	if !isList(value) {
		return "", false
	}
	var cells []string
	for _, element := range value.AsValueSlice() {
		number, ok := native(element).(float64)
		if !ok {
			return "", false
		}
		cells = append(cells, sweep.Format(number))
	}
	return strings.Join(cells, ","), true
}

// axisOf reads the values of an axis: a list, not empty, without repetition.
func axisOf(setting sweep.Setting, value cty.Value, expression hcl.Expression) (Axis, hcl.Diagnostics) {
	if !isList(value) {
		return Axis{}, hcl.Diagnostics{failure("Wrong axis",
			fmt.Sprintf("%s = %s: must be a list of values to sweep, such as [%s]; one value is fixed outside of the grid block",
				setting.Name, describe(value), sweep.Format(setting.Default)), expression.Range())}
	}
	elements := value.AsValueSlice()
	if len(elements) == 0 {
		return Axis{}, hcl.Diagnostics{failure("Empty axis",
			fmt.Sprintf("%s has no value: list one at least, or take the line out", setting.Name), expression.Range())}
	}
	axis := Axis{Setting: setting}
	var faults hcl.Diagnostics
	seen := map[any]bool{}
	for i, element := range elements {
		at := elementRange(expression, i, len(elements))
		v, fault := valueOf(setting, element, at)
		switch {
		case fault != nil:
			if _, isNumber := native(element).(float64); isNumber && setting.Name == "select" {
				fault.Detail += "; a list of cells is one value of this axis: write [[50, 2, 16]]"
			}
			faults = append(faults, fault)
		case seen[v]:
			faults = append(faults, failure("Duplicate value", fmt.Sprintf("%s = %s stands twice in its axis: take one out", setting.Name, sweep.Format(v)), at))
		default:
			seen[v] = true
			axis.Values = append(axis.Values, v)
		}
	}
	return axis, faults
}

// elementRange is where element i of a list is written, the whole list if it
// was computed.
func elementRange(expression hcl.Expression, i, length int) hcl.Range {
	if elements, faults := hcl.ExprList(expression); !faults.HasErrors() && len(elements) == length {
		return elements[i].Range()
	}
	return expression.Range()
}
