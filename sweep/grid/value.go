package grid

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// native converts a value of an expression to a setting's: float64, bool or
// string. It returns nil for any other kind.
func native(value cty.Value) any {
	if value.IsNull() {
		return nil
	}
	switch value.Type() {
	case cty.Number:
		v, _ := value.AsBigFloat().Float64() // the nearest one; no range contains ±Inf
		return v
	case cty.Bool:
		return value.True()
	case cty.String:
		return value.AsString()
	default:
		return nil
	}
}

// describe formats a value of any type for a message.
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

// valueOf reads a value of a setting. That of `select` may be a list of neuron
// numbers.
func valueOf(setting sweep.Setting, value cty.Value, at hcl.Range) (any, *hcl.Diagnostic) {
	v := native(value)
	if neurons, ok := neuronList(value); ok && setting.Name == "select" {
		v = neurons
	}
	if v == nil {
		return nil, failure("Wrong value", fmt.Sprintf("%s = %s: must be %s", setting.Name, describe(value), setting.Allowed()), at)
	}
	if setting.Kind() == sweep.Whole && !isWhole(value) {
		return nil, failure("Wrong value", fmt.Sprintf("%s = %s: must be %s", setting.Name, digitsOf(value), setting.Allowed()), at)
	}
	if err := setting.Check(v); err != nil {
		detail := err.Error()
		if text, ok := v.(string); ok {
			detail += didYouMean(text, setting.Values)
		}
		return nil, failure("Wrong value", detail, at)
	}
	return v, nil
}

// isWhole reports whether a number is whole before it is rounded to float64, apart
// from rounding errors of arithmetic. It also reports true for values that
// setting.Check rejects.
func isWhole(value cty.Value) bool {
	v, ok := native(value).(float64)
	if !ok || v != math.Trunc(v) || math.IsInf(v, 0) {
		return true
	}
	rest := new(big.Float).Sub(value.AsBigFloat(), big.NewFloat(v))
	return rest.Sign() == 0 || rest.MantExp(nil) < big.NewFloat(v).MantExp(nil)-precision/2
}

// digitsOf formats a number with up to 40 digits, more than a float64 has.
func digitsOf(value cty.Value) string { return value.AsBigFloat().Text('g', 40) }

// neuronList formats a list of numbers as a value of the setting `select`, such as
// "50,2,16".
func neuronList(value cty.Value) (string, bool) {
	if !isList(value) {
		return "", false
	}
	var neurons []string
	for _, element := range value.AsValueSlice() {
		number, ok := native(element).(float64)
		if !ok {
			return "", false
		}
		neurons = append(neurons, sweep.Format(number))
	}
	return strings.Join(neurons, ","), true
}

// axisOf reads the values of an axis: a list that is not empty and has no
// duplicates.
func axisOf(setting sweep.Setting, value cty.Value, expression hcl.Expression) (Axis, hcl.Diagnostics) {
	if !isList(value) {
		return Axis{}, hcl.Diagnostics{failure("Wrong axis",
			fmt.Sprintf("%s = %s: must be a list of values to sweep, such as [%s]; a single value is fixed outside the grid block",
				setting.Name, describe(value), sweep.Format(setting.Default)), expression.Range())}
	}
	elements := value.AsValueSlice()
	if len(elements) == 0 {
		return Axis{}, hcl.Diagnostics{failure("Empty axis",
			fmt.Sprintf("%s has no value: list at least one, or take the line out", setting.Name), expression.Range())}
	}
	places, _ := hcl.ExprList(expression) // nil where the list is computed
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
			detail := fmt.Sprintf("%s = %s occurs twice in its axis: take one out", setting.Name, sweep.Format(v))
			if number, ok := decimalComma(setting, elements, places, i); ok {
				detail += fmt.Sprintf("; if %s is one number, write it with a point: %s", strings.Replace(number, ".", ",", 1), number)
			}
			faults = append(faults, failure("Duplicate value", detail, at))
		default:
			seen[v] = true
			axis.Values = append(axis.Values, v)
		}
	}
	return axis, faults
}

// decimalComma returns the number that an element of a list and the next one, or the one before,
// are if the comma between them is a decimal one: no space follows it, as in 0,5. ok is false if
// there is no such number among the values of the setting.
func decimalComma(setting sweep.Setting, elements []cty.Value, places []hcl.Expression, at int) (number string, ok bool) {
	for _, i := range []int{at, at - 1} {
		if i < 0 || i+1 >= len(elements) || len(places) != len(elements) || places[i+1].Range().Start.Byte-places[i].Range().End.Byte != len(",") {
			continue
		}
		number = describe(elements[i]) + "." + describe(elements[i+1])
		if value, err := strconv.ParseFloat(number, 64); err == nil && setting.Check(value) == nil {
			return number, true
		}
	}
	return "", false
}
