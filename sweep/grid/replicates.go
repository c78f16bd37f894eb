package grid

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// Replicates is the number of trainings of each configuration that is trained: Min, or,
// if Until names errors, as many as their precision needs, from Min to Max.
type Replicates struct {
	Min, Max int         // Min ≥ 1; Max ≥ Min
	Until    []Precision // by the names of the errors; empty if Min = Max was given as one number
}

// Precision demands that the 95 % interval of the geometric mean of an error over
// replicates reaches from mean / (1 + Relative) to mean · (1 + Relative) at most.
type Precision struct {
	Error    string  // the name of its column in results.csv
	Relative float64 // > 0
}

// IsAdaptive reports whether results decide on the number of replicates.
func (r Replicates) IsAdaptive() bool { return len(r.Until) > 0 }

// MinInterval is the number of replicates from which on there is an interval.
const MinInterval = 3

// Rows returns the number of rows of results.csv: one for each replicate of a
// configuration. A fitted model has one replicate.
func (g *Grid) Rows() int { return g.firstFitted() + len(g.fitted) }

// MaxRows returns the number of rows if all configurations have the largest number of
// replicates.
func (g *Grid) MaxRows() int { return g.Trained()*g.Replicates.Max + len(g.fitted) }

// firstFitted returns the row of the first fitted model.
func (g *Grid) firstFitted() int {
	if g.starts != nil {
		return int(g.starts[g.Trained()])
	}
	return g.Trained() * g.Replicates.Min
}

// Row returns the position in results.csv of a replicate of the configuration at a
// position in grid order.
func (g *Grid) Row(configuration, replicate int) int {
	trained := min(configuration, g.Trained())
	start := trained * g.Replicates.Min
	if g.starts != nil {
		start = int(g.starts[trained])
	}
	return start + configuration - trained + replicate
}

// At returns the configuration's position and the replicate of a row of results.csv.
func (g *Grid) At(row int) (configuration, replicate int) {
	switch fitted := row - g.firstFitted(); {
	case fitted >= 0:
		return g.Trained() + fitted, 0
	case g.starts == nil:
		return row / g.Replicates.Min, row % g.Replicates.Min
	}
	configuration = sort.Search(g.Trained(), func(i int) bool { return int(g.starts[i+1]) > row })
	return configuration, row - int(g.starts[configuration])
}

// ReplicatesOf returns the number of replicates of the configuration at a position in
// grid order.
func (g *Grid) ReplicatesOf(configuration int) int {
	return g.Row(configuration+1, 0) - g.Row(configuration, 0)
}

// WithReplicates returns a copy of the grid with a number of replicates for each
// configuration that is trained, in grid order: all that Partners lists.
func (g *Grid) WithReplicates(counts []int) *Grid {
	if len(counts) != g.Trained() {
		panic(fmt.Sprintf("grid: %d numbers of replicates for %d configurations", len(counts), g.Trained()))
	}
	with := *g
	with.starts = make([]int32, len(counts)+1)
	for i, n := range counts {
		with.starts[i+1] = with.starts[i] + int32(n)
	}
	return &with
}

// Partners returns the positions of the configurations that are trained, grouped by
// those that differ in k alone. They are compared replicate by replicate, and so have
// the same number of replicates.
func (g *Grid) Partners() [][]int {
	var groups [][]int
	add := func(group, i int, known bool) int {
		if !known {
			group = len(groups)
			groups = append(groups, nil)
		}
		groups[group] = append(groups[group], i)
		return group
	}
	others := slices.DeleteFunc(sweep.Settings(), func(s sweep.Setting) bool { return s.Name == "k" })
	key := g.combinations.readOf(others)
	byNumber := map[int]int{}
	for i, number := range g.kept {
		n := key.of(int(number))
		group, known := byNumber[n]
		byNumber[n] = add(group, i, known)
	}
	byText := map[string]int{}
	for i, c := range g.trained {
		text := c.Model
		for _, s := range others {
			text += " " + sweep.Format(s.Value(c))
		}
		group, known := byText[text]
		byText[text] = add(group, len(g.kept)+i, known)
	}
	return groups
}

// The names in a replicates block.
const (
	minName   = "min"
	maxName   = "max"
	untilName = "until"
)

const (
	// untilExample is how until is written.
	untilExample = "until = { mse_k_probability = 0.2 }"
	// adaptiveDoc describes the block.
	adaptiveDoc = "the block replicates { … } with min, max and " + untilExample + " adds trainings until the 95 % interval of the geometric mean is at most ±20 %"
)

// setReplicates reads the number of replicates.
func (d *declaration) setReplicates(value cty.Value, at hcl.Range) *hcl.Diagnostic {
	n, fault := replicateCount(replicatesName, value, 1, at)
	if fault != nil && value.Type().IsObjectType() {
		fault.Detail = "replicates = an object: write replicates = N for a fixed number, or replicates { … } without = to let results decide"
	}
	d.replicates = Replicates{Min: n, Max: n}
	return fault
}

// replicateCount reads a whole number of replicates. Its result is at least least.
func replicateCount(name string, value cty.Value, least int, at hcl.Range) (int, *hcl.Diagnostic) {
	v, ok := native(value).(float64)
	text := describe(value)
	if ok && !isWhole(value) {
		ok, text = false, digitsOf(value)
	}
	if !ok || v < float64(least) || v > maxTasks || v != float64(int(v)) {
		return least, failure("Wrong value", fmt.Sprintf("%s = %s: must be a whole number from %d to %d", name, text, least, maxTasks), at)
	}
	return int(v), nil
}

// adaptReplicates reads the block that has results decide on the number of replicates.
func (d *declaration) adaptReplicates(block *hcl.Block) hcl.Diagnostics {
	if written := block.Body.(*hclsyntax.Body); len(written.Attributes)+len(written.Blocks) == 0 {
		return hcl.Diagnostics{failure("Missing value", "replicates has min, max and until, such as min = 3, max = 20, "+untilExample+": write them", block.DefRange)}
	}
	found, _, faults := attributes(block, []string{minName, maxName, untilName}, nil)
	r := Replicates{Min: MinInterval, Max: MinInterval}
	written := map[string]*hcl.Attribute{}
	for _, attribute := range found {
		written[attribute.Name] = attribute
		at := attribute.Expr.Range()
		var fault *hcl.Diagnostic
		var more hcl.Diagnostics
		if attribute.Name == untilName {
			r.Until, more = d.precisions(attribute.Expr)
		} else {
			var value cty.Value
			if value, more = d.scope.evaluate(attribute.Expr); value.IsWhollyKnown() {
				n := &r.Min
				if attribute.Name == maxName {
					n = &r.Max
				}
				*n, fault = replicateCount(attribute.Name, value, MinInterval, at)
			}
		}
		if faults = append(faults, more...); fault != nil {
			if attribute.Name == minName {
				fault.Detail += "; below three there is no interval"
			}
			faults = append(faults, fault)
		}
	}
	for _, name := range []string{maxName, untilName} {
		if written[name] == nil {
			example := map[string]string{maxName: "max = 20", untilName: untilExample}[name]
			faults = append(faults, failure("Missing value", fmt.Sprintf("replicates needs %s, such as %s: add it, or write replicates = N for a fixed number", name, example), block.DefRange))
		}
	}
	if faults.HasErrors() {
		d.faulty[replicatesName] = true
		return faults
	}
	if r.Max < r.Min {
		d.faulty[replicatesName] = true
		faults = append(faults, failure("Wrong value", fmt.Sprintf("max = %d: must be at least min = %d", r.Max, r.Min), written[maxName].Expr.Range()))
	}
	d.replicates = r
	return faults
}

// precisions reads the errors of until with the precision that each needs.
func (d *declaration) precisions(expression hcl.Expression) ([]Precision, hcl.Diagnostics) {
	wrong := func(at hcl.Range) hcl.Diagnostics {
		return hcl.Diagnostics{failure("Wrong value", "until: must name errors with the relative half-width of their interval, as in "+untilExample, at)}
	}
	pairs, faults := hcl.ExprMap(expression)
	if faults.HasErrors() {
		return nil, wrong(expression.Range())
	}
	var all []Precision
	for _, pair := range pairs {
		name := hcl.ExprAsKeyword(pair.Key)
		if name == "" {
			key, more := d.scope.evaluate(pair.Key)
			if faults = append(faults, more...); more.HasErrors() || !key.IsWhollyKnown() {
				continue
			}
			name, _ = native(key).(string)
		}
		value, more := d.scope.evaluate(pair.Value)
		if faults = append(faults, more...); more.HasErrors() || !value.IsWhollyKnown() {
			continue
		}
		v, isNumber := native(value).(float64)
		columns := sweep.ErrorColumns()
		switch {
		case !slices.Contains(columns, name):
			detail := fmt.Sprintf("until: %q is no error of results.csv", name)
			hint := didYouMean(name, columns)
			if hint == "" {
				hint = ": write one of " + strings.Join(columns[:len(sweep.ErrorNames)], ", ")
			}
			faults = append(faults, failure("Unknown error", detail+hint, pair.Key.Range()))
		case slices.ContainsFunc(all, func(p Precision) bool { return p.Error == name }):
			faults = append(faults, failure("Duplicate value", fmt.Sprintf("until: %s occurs twice: take one out", name), pair.Key.Range()))
		case !isNumber || !(v > 0 && v <= maxRelative):
			faults = append(faults, failure("Wrong value",
				fmt.Sprintf("until: %s = %s: must be a number above 0 and up to %d, such as 0.2 for an interval of ±20 %%", name, describe(value), maxRelative), pair.Value.Range()))
		default:
			all = append(all, Precision{name, v})
		}
	}
	if len(pairs) == 0 {
		return nil, wrong(expression.Range())
	}
	slices.SortFunc(all, func(a, b Precision) int { return strings.Compare(a.Error, b.Error) })
	d.untilAt = expression.Range()
	return all, faults
}

// maxRelative bounds a precision: an interval of a factor of 101 either way.
const maxRelative = 100

// undefined reports errors of until that configurations do not define: a fault if none
// does, otherwise a warning.
func (d *declaration) undefined(g *Grid) (found hcl.Diagnostics) {
	for _, p := range d.replicates.Until {
		lacking, all, heldout := 0, 0, false
		first := ""
		for _, c := range g.Configurations() {
			all++
			heldout = heldout || c.HasHoldout()
			if c.HasError(p.Error) {
				continue
			}
			if lacking++; lacking == 1 {
				first = fmt.Sprintf("n=%d t=%d", c.Neurons, c.Timesteps)
			}
		}
		switch {
		case lacking == 0:
		case !heldout && strings.HasPrefix(p.Error, sweep.HeldoutPrefix):
			found = append(found, failure("Unknown error",
				fmt.Sprintf("until: %s is defined only with a holdout: set holdout or holdout_time in the recording block, or name an error without %s", p.Error, sweep.HeldoutPrefix), d.untilAt))
		case lacking == all:
			found = append(found, failure("Undefined error",
				fmt.Sprintf("until: %s is undefined in every configuration, such as %s: name another error", p.Error, first), d.untilAt))
		default:
			found = append(found, warning("Undefined error",
				fmt.Sprintf("until: %s is undefined in %d of %d configurations, such as %s: it decides on replicates in the others alone", p.Error, lacking, all, first), d.untilAt))
		}
	}
	return found
}

// replicatesTwice reports replicates that are given as a number and as a block.
func (d *declaration) replicatesTwice(attributes []*hcl.Attribute, blocks hcl.Blocks) hcl.Diagnostics {
	for _, attribute := range attributes {
		if attribute.Name == replicatesName && len(blocks) > 0 {
			return hcl.Diagnostics{failure("Duplicate name",
				fmt.Sprintf("line %d gives the number of replicates already: take one of the two out", attribute.Range.Start.Line), blocks[0].DefRange)}
		}
	}
	return nil
}
