package grid

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variables evaluates the variable blocks: the value of --var, or the default. A
// variable with a fault becomes an unknown value, so that its uses cause no further
// faults.
func variables(blocks hcl.Blocks, given map[string]string) (scope, hcl.Diagnostics) {
	var faults hcl.Diagnostics
	values, lines := map[string]cty.Value{}, map[string]int{}
	for _, block := range blocks {
		name := block.Labels[0]
		if line, taken := lines[name]; taken {
			faults = append(faults, failure("Duplicate variable", fmt.Sprintf("line %d declares %q already", line, name), block.DefRange))
			continue
		}
		if !hclsyntax.ValidIdentifier(name) {
			faults = append(faults, failure("Wrong name", fmt.Sprintf("%q is not a valid name: write letters, digits, _ and -", name), block.LabelRanges[0]))
		}
		lines[name] = block.DefRange.Start.Line
		text, isGiven := given[name]
		value, more := variable(block, text, isGiven)
		faults = append(faults, more...)
		values[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := values[name]; !ok {
			hint := didYouMean(name, slices.Sorted(maps.Keys(values)))
			if hint == "" {
				hint = fmt.Sprintf(`: leave --var out, or write variable "%s" { default = … } above the sweep block`, name)
			}
			faults = append(faults, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Unknown variable", Extra: ownMessage{},
				Detail: fmt.Sprintf("--var %s=%s: the grid file has no variable %q%s", name, given[name], name, hint),
			})
		}
	}
	return newScope(values), faults
}

func variable(block *hcl.Block, text string, given bool) (cty.Value, hcl.Diagnostics) {
	found, _, faults := attributes(block, []string{"default", "description"}, nil)
	fallback := cty.NilVal
	for _, attribute := range found {
		value, more := isolated().evaluate(attribute.Expr)
		faults = append(faults, more...)
		switch {
		case attribute.Name == "default":
			fallback = value
			if value.IsKnown() && !value.IsNull() && native(value) == nil && !isList(value) {
				faults = append(faults, failure("Wrong value", "default: must be a number, true or false, a text in quotes or a list", attribute.Expr.Range()))
			}
		case value.IsWhollyKnown() && (value.IsNull() || value.Type() != cty.String):
			faults = append(faults, failure("Wrong value", "description: must be a text in quotes", attribute.Expr.Range()))
		}
	}
	switch {
	case faults.HasErrors():
		return cty.DynamicVal, faults
	case given:
		value, err := readVar(text, fallback)
		if err != nil {
			faults = append(faults, failure("Wrong value", fmt.Sprintf("--var %s=%s: %v", block.Labels[0], text, err), block.DefRange))
			return cty.DynamicVal, faults
		}
		return value, faults
	case fallback == cty.NilVal:
		faults = append(faults, failure("Missing value",
			fmt.Sprintf("the variable has no default: give it with --var %s=VALUE", block.Labels[0]), block.DefRange))
		return cty.DynamicVal, faults
	}
	return fallback, faults
}

// readVar reads the text of --var as a value of the default's type. If the default
// is missing or null, the text is an expression such as 5, true or [1, 2], or else
// a bare text.
func readVar(text string, fallback cty.Value) (cty.Value, error) {
	free := fallback == cty.NilVal || fallback.IsNull()
	if !free && fallback.Type().IsPrimitiveType() {
		value, err := convert.Convert(cty.StringVal(text), fallback.Type())
		if err != nil {
			return cty.NilVal, fmt.Errorf("must be %s, as the default is", primitives[fallback.Type()])
		}
		return value, outOfRange(value)
	}
	value, faults := evaluateText(text)
	switch {
	case free && faults.HasErrors():
		return cty.StringVal(text), nil
	case !free && !isList(value):
		return cty.NilVal, fmt.Errorf("must be a list such as [1, 2], as the default is")
	}
	return value, nil
}

var primitives = map[cty.Type]string{cty.Number: "a number", cty.Bool: "true or false", cty.String: "a text"}

func evaluateText(text string) (cty.Value, hcl.Diagnostics) {
	if fault := unparsable("--var", []byte(text)); fault != nil {
		return cty.DynamicVal, hcl.Diagnostics{fault}
	}
	expression, faults := hclsyntax.ParseExpression([]byte(text), "--var", hcl.InitialPos)
	if faults.HasErrors() {
		return cty.DynamicVal, faults
	}
	useOperators(expression.(hclsyntax.Node))
	return isolated().evaluate(expression)
}

// isolated returns the scope of an expression that may not refer to anything.
func isolated() scope {
	s := newScope(nil)
	s.isolated = true
	return s
}

func isList(value cty.Value) bool {
	t := value.Type()
	return !value.IsNull() && value.IsKnown() && (t.IsTupleType() || t.IsListType() || t.IsSetType())
}
