package grid

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions of a grid file. range gives at most rangeLength values a call.
var functions = map[string]function.Function{
	"range":  stdlib.RangeFunc,
	"concat": stdlib.ConcatFunc,
	"pow":    stdlib.PowFunc,
	"min":    stdlib.MinFunc,
	"max":    stdlib.MaxFunc,
}

const rangeLength = 1024 // go-cty's own bound

// scope is what the expressions of a grid file may refer to.
type scope struct {
	variables map[string]cty.Value // as var.NAME
	names     []string             // further names that Variables of context hold
	context   *hcl.EvalContext
}

func newScope(variables map[string]cty.Value) scope {
	return scope{variables, nil, &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(variables)},
		Functions: functions,
	}}
}

// evaluate returns an expression's value. It is unknown after an error, and
// where a variable at fault is used.
func (s scope) evaluate(expression hcl.Expression) (cty.Value, hcl.Diagnostics) {
	if faults := s.check(expression); faults.HasErrors() {
		return cty.DynamicVal, faults
	}
	value, faults := expression.Value(s.context)
	if faults.HasErrors() {
		return cty.DynamicVal, faults
	}
	return value, faults
}

// check refuses unknown names, and expressions that could grow without bound.
func (s scope) check(expression hcl.Expression) hcl.Diagnostics {
	var faults hcl.Diagnostics
	for _, reference := range expression.Variables() {
		if detail := s.unknown(reference); detail != "" {
			faults = append(faults, failure("Unknown name", detail, reference.SourceRange()))
		}
	}
	if faults.HasErrors() {
		return faults
	}
	return s.bound(expression)
}

// unknown says what is wrong with a reference, "" if nothing is.
func (s scope) unknown(reference hcl.Traversal) string {
	declared := slices.Sorted(maps.Keys(s.variables))
	root := reference.RootName()
	if root == "var" && len(reference) > 1 {
		step, ok := reference[1].(hcl.TraverseAttr)
		if !ok || slices.Contains(declared, step.Name) {
			return ""
		}
		return fmt.Sprintf("var.%s: no variable block has this name%s", step.Name, didYouMean(step.Name, declared))
	}
	switch {
	case root == "var" || slices.Contains(s.names, root):
		return ""
	case slices.Contains(declared, root):
		return fmt.Sprintf("%s: a variable is written var.%s", root, root)
	case len(s.names) == 0:
		return fmt.Sprintf("%s: a text stands in quotes, a variable is written var.NAME", root)
	default:
		return fmt.Sprintf("%s: no setting has this name%s", root, didYouMean(root, s.names))
	}
}
