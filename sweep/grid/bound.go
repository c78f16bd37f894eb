package grid

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	// maxWork is the number of values that evaluating one expression may make.
	maxWork = 1_000_000
	// maxExponent bounds the power of 2 of a number literal, like float64. Formatted
	// as text, 1e999999999 would fill the memory.
	maxExponent = 1024
)

// bound rejects an expression, before it is evaluated, if it could take much time
// or memory. Only `for`, [*] and `range` make more values than the file contains.
func (s scope) bound(expression hcl.Expression) hcl.Diagnostics {
	w := &workBound{variables: 1}
	for _, value := range s.variables {
		w.variables += size(value)
	}
	node, ok := expression.(hclsyntax.Node)
	if !ok {
		return nil
	}
	w.frames = [][]float64{nil}
	faults := hclsyntax.Walk(node, w)
	if faults.HasErrors() {
		return faults
	}
	if work := w.frames[0][0]; work > maxWork {
		return hcl.Diagnostics{failure("Too large",
			fmt.Sprintf("this could grow to %.3g values: must be at most %d, so shorten its lists", work, maxWork), expression.Range())}
	}
	return nil
}

// size returns the number of values inside a value, plus the bytes of its texts.
func size(value cty.Value) float64 {
	count := 0
	_ = cty.Walk(value, func(_ cty.Path, v cty.Value) (bool, error) { // the function returns no error
		count++
		if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			count += len(v.AsString())
		}
		return true, nil
	})
	return float64(count)
}

func isHuge(value cty.Value) bool {
	if value.Type() != cty.Number || !value.IsKnown() || value.IsNull() {
		return false
	}
	exponent := value.AsBigFloat().MantExp(nil)
	return exponent > maxExponent || exponent < -maxExponent
}

// workBound computes, from the leaves of a syntax tree to its root, the most values
// that evaluation can make. The bound holds because Enter rejects nested `for`
// expressions, whose inner one could run over inner lists.
type workBound struct {
	variables float64     // values in all variables together
	frames    [][]float64 // bounds of the finished children of each open node
	loops     int         // open `for` expressions
}

// Enter implements hclsyntax.Walker.
func (w *workBound) Enter(node hclsyntax.Node) hcl.Diagnostics {
	w.frames = append(w.frames, nil)
	switch n := node.(type) {
	case *hclsyntax.ForExpr:
		if w.loops++; w.loops > 1 {
			return hcl.Diagnostics{failure("Too large", "a for may not be inside another for: write one of the two as the default of a variable", n.Range())}
		}
	case *hclsyntax.LiteralValueExpr:
		if isHuge(n.Val) {
			return hcl.Diagnostics{failure("Wrong value", errHuge.Error(), n.Range())}
		}
	}
	return nil
}

// Exit implements hclsyntax.Walker: it combines the bounds of the children.
func (w *workBound) Exit(node hclsyntax.Node) hcl.Diagnostics {
	last := len(w.frames) - 1
	children := w.frames[last]
	w.frames = w.frames[:last]
	sum, product := 1.0, 1.0
	for _, c := range children {
		sum += c
		product *= c
	}
	work := sum
	switch n := node.(type) {
	case *hclsyntax.ForExpr:
		w.loops--
		work = 1 + product
	case *hclsyntax.SplatExpr:
		work = 1 + product
	case *hclsyntax.ScopeTraversalExpr:
		work = w.variables
	case *hclsyntax.FunctionCallExpr:
		if n.Name == "range" {
			work += rangeLength
		}
	}
	w.frames[last-1] = append(w.frames[last-1], work)
	return nil
}
