package table

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/sweep"
)

// complete returns the rows of a sweep in which every task is done.
func complete(configurations, replicates int) (rows []Row) {
	for configuration := range configurations {
		for replicate := range replicates {
			row := Row{ConfigurationIndex: configuration, State: sweep.Done, Configuration: sweep.Default()}
			row.Configuration.Replicate = replicate
			row.Task = sweep.TaskID(hexDigest(fmt.Sprintf("task %d %d", configuration, replicate)))
			row.Digest = hexDigest(fmt.Sprintf("result %d %d", configuration, replicate))
			rows = append(rows, row)
		}
	}
	return rows
}

// replicated is a grid whose configurations all have the same number of replicates.
type replicated struct{ configurations, replicates int }

func (g replicated) Rows() int { return g.configurations * g.replicates }

func (g replicated) Row(configuration, replicate int) int {
	return configuration*g.replicates + replicate
}

func hexDigest(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func stream(rows []Row) Rows {
	return func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func TestCompleteness(t *testing.T) {
	for name, test := range map[string]struct {
		change func([]Row) []Row
		want   Completeness
	}{
		"complete":                  {func(r []Row) []Row { return r }, Completeness{Complete: true, Done: 6, Tasks: 6}},
		"a row is missing":          {func(r []Row) []Row { return slices.Delete(r, 2, 3) }, Completeness{Done: 5, Missing: 1, Tasks: 5}},
		"the last rows are missing": {func(r []Row) []Row { return r[:4] }, Completeness{Done: 4, Missing: 2, Tasks: 4}},
		"no rows":                   {func([]Row) []Row { return nil }, Completeness{Missing: 6}},
		"a duplicate":               {func(r []Row) []Row { return slices.Insert(r, 3, r[2]) }, Completeness{Done: 6, Doubled: 1, Tasks: 6}},
		"one missing, one duplicate": {
			func(r []Row) []Row { return slices.Insert(slices.Delete(r, 4, 5), 1, r[0]) },
			Completeness{Done: 5, Missing: 1, Doubled: 1, Tasks: 5},
		},
		"one too many": {
			func(r []Row) []Row {
				more := r[5]
				more.ConfigurationIndex = 3
				return append(r, more)
			},
			Completeness{Done: 7, Missing: 1, Tasks: 6},
		},
		"done without a result": {
			func(r []Row) []Row {
				r[1].Digest = ""
				return r
			},
			Completeness{Done: 6, Missing: 1, Tasks: 5},
		},
		"rows that share a task": {
			func(r []Row) []Row {
				r[4].Task, r[4].Digest = r[1].Task, r[1].Digest
				return r
			},
			Completeness{Complete: true, Done: 6, Tasks: 5},
		},
		"a task with two results": {
			func(r []Row) []Row {
				r[4].Task = r[1].Task
				return r
			},
			Completeness{Done: 6, Contradicted: 1, Tasks: 5},
		},
		"unfinished": {
			func(r []Row) []Row {
				r[0].State, r[0].Digest = sweep.Pending, ""
				r[1].State, r[1].Digest = sweep.Failed, ""
				r[2].State = sweep.Diverged
				return r
			},
			Completeness{Done: 3, Pending: 1, Failed: 1, Diverged: 1, Tasks: 4},
		},
	} {
		got, err := CheckCompleteness(replicated{3, 2}, stream(test.change(complete(3, 2))))
		if err != nil {
			t.Fatal(err)
		}
		test.want.Format, test.want.Rows, test.want.ResultsSHA256 = completenessFormat, 6, got.ResultsSHA256
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestCompletenessDigest compares the digest with that of `sort | sha256sum`.
func TestCompletenessDigest(t *testing.T) {
	rows := complete(2, 2)
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%s %s\n", row.Task, row.Digest))
	}
	slices.Sort(lines)
	got, err := CheckCompleteness(replicated{2, 2}, stream(rows))
	if want := hexDigest(strings.Join(lines, "")); err != nil || got.ResultsSHA256 != want {
		t.Errorf("%s, %v: want %s", got.ResultsSHA256, err, want)
	}
	rows[3].Digest = rows[0].Digest
	if other, _ := CheckCompleteness(replicated{2, 2}, stream(rows)); other.ResultsSHA256 == got.ResultsSHA256 {
		t.Error("another result has the same digest")
	}
}

func TestCheckCompletenessReturnsErrors(t *testing.T) {
	rows := complete(1, 1)
	rows[0].Digest = "short"
	if _, err := CheckCompleteness(replicated{1, 1}, stream(rows)); err == nil || !strings.Contains(err.Error(), `"short"`) {
		t.Errorf("error is %v", err)
	}
	lost := errors.New("lost")
	if _, err := CheckCompleteness(replicated{1, 1}, func(yield func(Row, error) bool) { yield(Row{}, lost) }); !errors.Is(err, lost) {
		t.Errorf("error is %v", err)
	}
}
