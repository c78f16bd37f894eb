package queue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// filter passes tasks of some cells, of any if none are named, and remembers which
// cells it has met.
type filter struct {
	cells []sweep.ConfigurationFilter
	unmet []sweep.ConfigurationFilter
}

func newFilter(cells []sweep.ConfigurationFilter) *filter {
	return &filter{cells: cells, unmet: slices.Clone(cells)}
}

// meet looks at a task, whether it is meant or not.
func (f *filter) meet(c sweep.Configuration) {
	f.unmet = slices.DeleteFunc(f.unmet, func(cell sweep.ConfigurationFilter) bool { return cell.Has(c) })
}

func (f *filter) passes(c sweep.Configuration) bool {
	f.meet(c)
	return len(f.cells) == 0 || slices.ContainsFunc(f.cells, func(cell sweep.ConfigurationFilter) bool { return cell.Has(c) })
}

// checkCells refuses a cell that no task of the sweeps is of, though others be: it
// was mistyped. It goes through plans only until every cell was met, and not at
// all if the chosen tasks are of all of them.
func (q *Queue) checkCells(ctx context.Context, sweeps []Sweep, f *filter) error {
	there := valuesOf(f.unmet)
	for _, s := range sweeps {
		if err := q.meetPlanned(ctx, s.Plan, f, there); err != nil {
			return err
		}
	}
	if len(f.unmet) == 0 {
		return nil
	}
	missing := there.missing(f.unmet[0])
	return fmt.Errorf("%w: no cell of the sweep has %s (it has %s)", ErrInvalid, spellCell(missing), there.spell(missing))
}

// meetPlanned shows a filter the tasks of a plan, until it has met all its cells.
func (q *Queue) meetPlanned(ctx context.Context, plan string, f *filter, there values) error {
	after := sweep.TaskID("")
	for len(f.unmet) > 0 {
		var page []sweep.TaskID
		err := q.view(ctx, func(c *call) (err error) {
			if page, err = c.tx.PlannedTasks(plan, after, q.policy.ChangePage); err != nil {
				return err
			}
			for _, task := range page {
				s, err := c.specification(task)
				if err != nil {
					return err
				}
				f.meet(s.Configuration)
				there.add(s.Configuration)
			}
			return nil
		})
		if err != nil || len(page) < q.policy.ChangePage {
			return err
		}
		after = page[len(page)-1]
	}
	return nil
}

// values are those that tasks have, by setting.
type values map[string]map[any]bool

// valuesOf has room for the settings of some cells.
func valuesOf(cells []sweep.ConfigurationFilter) values {
	there := values{}
	for _, cell := range cells {
		for name := range cell {
			there[name] = map[any]bool{}
		}
	}
	return there
}

func (v values) add(c sweep.Configuration) {
	for name, seen := range v {
		if setting, known := sweep.Lookup(name); known {
			seen[setting.Value(c)] = true
		}
	}
}

// missing are the values of a cell that no task has; all of them, if no task has
// them together.
func (v values) missing(cell sweep.ConfigurationFilter) sweep.ConfigurationFilter {
	missing := sweep.ConfigurationFilter{}
	for name, value := range cell {
		if !v[name][value] {
			missing[name] = value
		}
	}
	if len(missing) == 0 {
		return cell
	}
	return missing
}

// spellCell writes a cell as it is given in commands.
func spellCell(cell sweep.ConfigurationFilter) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(cell)) {
		pairs = append(pairs, name+"="+sweep.Format(cell[name]))
	}
	return strings.Join(pairs, ",")
}

// namedValues bounds how many values of a setting are named.
const namedValues = 12

// spell writes which values there are of a cell's settings.
func (v values) spell(cell sweep.ConfigurationFilter) string {
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(cell)) {
		seen := slices.SortedFunc(maps.Keys(v[name]), compareValues)
		var words []string
		for _, value := range seen[:min(len(seen), namedValues)] {
			words = append(words, sweep.Format(value))
		}
		if len(seen) > namedValues {
			words = append(words, "…")
		}
		settings = append(settings, name+" = "+strings.Join(words, ", "))
	}
	return strings.Join(settings, " and ")
}

// compareValues orders values of one setting: numbers by size, others as words.
func compareValues(a, b any) int {
	x, number := a.(float64)
	y, both := b.(float64)
	if number && both {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(sweep.Format(a), sweep.Format(b))
}
