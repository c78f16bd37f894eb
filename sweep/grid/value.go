package grid

import (
	"fmt"
	"math"
	"math/big"
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
	if setting.Kind() == sweep.Whole && !isWhole(value) {
		return nil, failure("Wrong value", fmt.Sprintf("%s = %s: must be %s", setting.Name, digitsOf(value), setting.Allowed()), at)
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

// isWhole reports whether a number is whole before it is rounded to float64,
// but for what arithmetic may have added. Other values are none of its business.
func isWhole(value cty.Value) bool {
	v, ok := native(value).(float64)
	if !ok || v != math.Trunc(v) || math.IsInf(v, 0) {
		return true // setting.Check looks at float64
	}
	rest := new(big.Float).Sub(value.AsBigFloat(), big.NewFloat(v))
	return rest.Sign() == 0 || rest.MantExp(nil) < big.NewFloat(v).MantExp(nil)-precision/2
}

// digitsOf writes all digits of a number that people write.
func digitsOf(value cty.Value) string { return value.AsBigFloat().Text('g', 40) }

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
	places, _ := hcl.ExprList(expression) // an error where the list is computed
	axis := Axis{Setting: setting}
	var faults hcl.Diagnostics
	seen := map[any]bool{}
	for i, element := range elements {
		at := expression.Range()
		if len(places) == len(elements) {
			at = places[i].Range()
		}
		v, fault := valueOf(setting, element, at)
		switch {
		case fault != nil:
			if _, isNumber := native(element).(float64); isNumber && setting.Name == "select" {
				fault.Detail += "; a list of neurons is one value of this axis: write [[50, 2, 16]]"
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
