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

// checkCells refuses a cell that no task of the sweeps is of: it was mistyped. It
// goes through whole plans, so it is asked only when nothing was found.
func (q *Queue) checkCells(ctx context.Context, sweeps []Sweep, cells []sweep.Cell) error {
	unseen := slices.Clone(cells)
	there := map[string]map[any]bool{} // values of the tasks, by setting
	for _, cell := range cells {
		for name := range cell {
			there[name] = map[any]bool{}
		}
	}
	for _, s := range sweeps {
		after := sweep.TaskID("")
		for more := true; more && len(unseen) > 0; {
			var page []sweep.TaskID
			err := q.view(ctx, func(c *call) (err error) {
				if page, err = c.tx.PlannedTasks(s.Plan, after, q.policy.ChangePage); err != nil {
					return err
				}
				for _, task := range page {
					has, err := c.specification(task)
					if err != nil {
						return err
					}
					unseen = slices.DeleteFunc(unseen, func(cell sweep.Cell) bool { return cell.Has(has.Configuration) })
					for name, values := range there {
						if setting, known := sweep.Lookup(name); known {
							values[setting.Value(has.Configuration)] = true
						}
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if more = len(page) == q.policy.ChangePage; more {
				after = page[len(page)-1]
			}
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	return fmt.Errorf("%w: no cell of the sweep has %s (it has %s)", ErrInvalid, spellCell(unseen[0]), spellValues(unseen[0], there))
}

// spellCell writes a cell as it is given in commands.
func spellCell(cell sweep.Cell) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(cell)) {
		pairs = append(pairs, name+"="+sweep.Format(cell[name]))
	}
	return strings.Join(pairs, ",")
}

// namedValues bounds how many values of a setting are named.
const namedValues = 12

// spellValues writes which values there are of a cell's settings.
func spellValues(cell sweep.Cell, there map[string]map[any]bool) string {
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(cell)) {
		values := slices.SortedFunc(maps.Keys(there[name]), compareValues)
		var words []string
		for _, value := range values[:min(len(values), namedValues)] {
			words = append(words, sweep.Format(value))
		}
		if len(values) > namedValues {
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
