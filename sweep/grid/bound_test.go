package grid

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func TestTooLarge(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"bytes", strings.Repeat("#", MaxBytes+1), "the file has 65537 bytes: must be at most 65536"},
		{"brackets", "a = " + strings.Repeat("[", MaxBytes/2), "brackets are nested more than 64 deep"},
		{"templates", "a = " + strings.Repeat(`"${`, MaxBytes/4), "brackets are nested more than 64 deep"},
		{"infinity", "a = 1e999999999", "out of range: it must be 0, or have a size from"},
		{"underflow", "a = [0, 0.0e9, 1E-999999999]", "test.hcl:1:16\n"},
		{"blocks", strings.Repeat("a {\n", MaxBytes/8), "brackets are nested more than 64 deep"},
	} {
		g, diagnostics := Parse("test.hcl", []byte(test.source), nil)
		if g != nil || diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), test.want) {
			t.Errorf("%s: got %s", test.name, diagnostics.Error())
		}
	}
	fits := "sweep \"a\" {\nseed = " + strings.Repeat("(", maxNesting-1) + "1" + strings.Repeat(")", maxNesting-1) + "\n}\n"
	mustParse(t, fits)
	mustParse(t, fits+strings.Repeat("#", MaxBytes-len(fits)))
}

func TestTaskLimit(t *testing.T) {
	source := []byte("sweep \"a\" {\nreplicates = 3\ngrid {\nneurons = [2, 4]\n}\n}\n")
	if g, faults := parse("test.hcl", source, nil, 6); faults.HasErrors() || g.Rows() != 6 {
		t.Errorf("at the limit: %v", faults)
	}
	if _, faults := parse("test.hcl", source, nil, 5); !faults.HasErrors() {
		t.Error("beyond the limit: accepted")
	}
}

// TestConditionWork checks that a condition is evaluated once for each combination
// of the settings that it reads, and is rejected if that would take too long.
func TestConditionWork(t *testing.T) {
	const source = "sweep \"a\" {\ngrid {\nneurons = range(1, 17)\ntimesteps = range(1, 1001)\npreset = [\"paper\", \"pqwgan\"]\n}\nexclude {\nwhen = %s > 16000\n}\n}\n"
	long := strings.Repeat("0 + ", 3000)
	_, faults := Parse("x.hcl", []byte(strings.Replace(source, "%s", long+"neurons * timesteps", 1)), nil)
	if !strings.Contains(faults.Error(), "this condition would be evaluated for 32000 combinations of settings") {
		t.Errorf("a long condition on two axes: %s", faults.Error())
	}
	if g := mustParse(t, strings.Replace(source, "%s", long+"neurons * 1001", 1)); g.Len() != 30000 {
		t.Errorf("a long condition on one axis leaves %d configurations", g.Len())
	}
}

func TestBoundIsABound(t *testing.T) {
	s := newScope(map[string]cty.Value{"list": cty.TupleVal(slices.Repeat([]cty.Value{cty.StringVal("abc")}, 20))})
	for _, text := range []string{
		"1", "[1, 2, 3]", "range(10)", "concat(range(10), var.list)", "[for i in var.list : [i, i, i]]",
		"[for i in range(1000) : [i, i, i]]", "var.list[*]", "{ a = [1, 2], b = var.list }", "[for i, j in var.list : var.list if i > 3]",
		"concat([for i in range(10) : var.list]...)", `"${var.list[0]}-${1 + 1}"`, "true ? var.list : []",
	} {
		expression, faults := hclsyntax.ParseExpression([]byte(text), "test", hcl.InitialPos)
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		value, faults := s.evaluate(expression)
		if faults.HasErrors() {
			t.Fatalf("%s: %v", text, faults)
		}
		w := &workBound{variables: 1 + size(s.variables["list"]), frames: [][]float64{nil}}
		if faults := hclsyntax.Walk(expression, w); faults.HasErrors() {
			t.Fatal(faults)
		}
		if counted := count(value); w.frames[0][0] < counted {
			t.Errorf("%s makes %v values, the bound says %v", text, counted, w.frames[0][0])
		}
	}
}

func count(value cty.Value) float64 {
	n := 0.0
	_ = cty.Walk(value, func(cty.Path, cty.Value) (bool, error) { n++; return true, nil })
	return n
}
