package folder

import (
	"strings"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// TestAsBefore reads the rows of a sweep again after they have changed.
func TestAsBefore(t *testing.T) {
	t.Parallel()
	rowsOf := func(rows ...table.Row) table.Rows {
		return func(yield func(table.Row, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	result := table.Row{Task: "a", State: sweep.Done, Digest: "x", Measures: &sweep.Measures{}}
	for name, test := range map[string]struct {
		was   rowState
		now   table.Row
		want  table.Row
		fault string
	}{
		"nothing has changed": {rowState{sweep.Done, "x"}, result, result, ""},
		"a result has come":   {rowState{sweep.Pending, ""}, result, table.Row{Task: "a", State: sweep.Pending}, ""},
		"a task has failed":   {rowState{sweep.Pending, ""}, table.Row{Task: "a", State: sweep.Failed}, table.Row{Task: "a", State: sweep.Pending}, ""},
		"a task was retried":  {rowState{sweep.Failed, ""}, table.Row{Task: "a", State: sweep.Pending}, table.Row{Task: "a", State: sweep.Failed}, ""},
		"it differed later":   {rowState{sweep.Done, "x"}, table.Row{Task: "a", State: sweep.Diverged}, table.Row{}, "replaced while it was exported"},
		"another result":      {rowState{sweep.Done, "y"}, result, table.Row{}, "replaced while it was exported"},
	} {
		// The second row shows that each is compared with its own state.
		before := []rowState{test.was, {sweep.Pending, ""}}
		var got []table.Row
		var fault error
		for row, err := range asBefore(rowsOf(test.now, table.Row{Task: "b", State: sweep.Done, Digest: "z"}), before) {
			got, fault = append(got, row), err
		}
		if test.fault != "" {
			if fault == nil || !strings.Contains(fault.Error(), test.fault) || len(got) != 1 {
				t.Errorf("%s: %d rows, %v; want an error that has %q", name, len(got), fault, test.fault)
			}
			continue
		}
		if fault != nil || len(got) != 2 || got[0].State != test.want.State || got[0].Digest != test.want.Digest || got[0].Measures != test.want.Measures {
			t.Errorf("%s: %+v, %v; want %+v", name, got, fault, test.want)
		} else if got[1].State != sweep.Pending || got[1].Digest != "" {
			t.Errorf("%s: the next row is %+v", name, got[1])
		}
	}
}
