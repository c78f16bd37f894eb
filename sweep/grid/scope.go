package grid

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// scope holds the variables and settings that an expression may refer to.
type scope struct {
	variables map[string]cty.Value // as var.NAME
	names     []string             // settings, as in the condition of an exclude block
	context   *hcl.EvalContext
	isolated  bool // no variable may be used, as in the default of another
}

func newScope(variables map[string]cty.Value) scope {
	return scope{variables: variables, context: &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(variables)},
		Functions: functions,
	}}
}

// evaluate returns an expression's value. The value is unknown after an error, and
// if the expression uses a variable that has an error.
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

// check rejects unknown names and expressions that take too much work.
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

// unknown returns the fault of a reference, "" if it is valid.
func (s scope) unknown(reference hcl.Traversal) string {
	declared := slices.Sorted(maps.Keys(s.variables))
	root := reference.RootName()
	if root == "var" && s.isolated {
		return "var: no variable can be used here: write the value itself"
	}
	if root == "var" && len(reference) > 1 {
		step, ok := reference[1].(hcl.TraverseAttr)
		if !ok || slices.Contains(declared, step.Name) {
			return ""
		}
		if hint := didYouMean(step.Name, declared); hint != "" {
			return fmt.Sprintf("var.%s: no variable block has this name%s", step.Name, hint)
		}
		return fmt.Sprintf("var.%s: no variable block has this name: write variable %q { default = … } above the sweep block", step.Name, step.Name)
	}
	switch {
	case root == "var" || slices.Contains(s.names, root):
		return ""
	case slices.Contains(declared, root):
		return fmt.Sprintf("%s: write var.%s for the variable", root, root)
	case len(s.names) == 0:
		return fmt.Sprintf("%s: write a text in quotes, and a variable as var.NAME", root)
	default:
		if hint := didYouMean(root, s.names); hint != "" {
			return fmt.Sprintf("%s: there is no such setting%s", root, hint)
		}
		return fmt.Sprintf("%s: there is no such setting; write a text in quotes", root)
	}
}
