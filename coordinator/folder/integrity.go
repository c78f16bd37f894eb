package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// corrupt is the results that are not stored as they were accepted, by the first
// row that shows each, with what is wrong. Every result is looked at when its
// model is written, and these again with every refresh: a verification may have
// mended them.
type corrupt struct {
	reasons map[int32]string
	news    bool // since the tables were written
}

// accepted reads a result and holds it against the digest under which it was
// accepted, and against what tables show of it; doubt says what is wrong with it.
func (v *View) accepted(ctx context.Context, task sweep.TaskID, m missingModel) (result sweep.Result, doubt string, err error) {
	body, err := v.source.Result(ctx, task, hex.EncodeToString(m.digest[:]))
	switch {
	case errors.Is(err, queue.ErrUnknown):
		return result, "the stored result is missing", nil
	case err != nil:
		return result, "", err
	case sha256.Sum256(body) != m.digest:
		return result, "the stored result was altered since it was accepted", nil
	}
	if result, err = sweep.DecodeResult(body); err != nil {
		return result, "", fmt.Errorf("task %s: %w", task, err)
	}
	measures := result.Measures()
	shown, err := shownBy(&measures)
	if err == nil && shown != m.shown {
		doubt = "what is stored of the result for the tables is missing or was altered"
	}
	return result, doubt, err
}

// shownBy stands for what tables show of a result: the beginning of its digest;
// 0 for nothing.
func shownBy(m *sweep.Measures) (uint64, error) {
	if m == nil {
		return 0, nil
	}
	body, err := m.Encode()
	return beginning(sha256.Sum256(body)), err
}

// suspect notes what is wrong with the result of a row, "" if nothing is, and
// says whether anything is.
func (v *View) suspect(row int32, doubt string) bool {
	d := &v.models.corrupt
	switch doubt {
	case d.reasons[row]:
		return doubt != ""
	case "":
		delete(d.reasons, row)
	default:
		if d.reasons == nil {
			d.reasons = map[int32]string{}
		}
		d.reasons[row] = doubt
		task := v.sweep.Plan.Row(int(row))
		v.log.Warn(doubt, "task", task.ID, "configuration", v.label(task))
	}
	d.news = true
	return doubt != ""
}

func (v *View) label(task sweep.Task) string {
	return task.Configuration.Label(v.sweep.Grid.Columns()...)
}

// trusted shows no number of a result that is doubted: its row has diverged.
func (v *View) trusted(rows table.Rows) table.Rows {
	reasons := v.models.corrupt.reasons
	if len(reasons) == 0 {
		return rows
	}
	return func(yield func(table.Row, error) bool) {
		i := 0
		for row, err := range rows {
			if err == nil && reasons[int32(v.sweep.Plan.First(i))] != "" {
				row.State, row.Measures = sweep.Diverged, nil
			}
			if !yield(row, err) {
				return
			}
			i++
		}
	}
}

// IntegrityError is a stored result that differs from the one that was accepted.
type IntegrityError struct {
	Task   sweep.TaskID
	Label  string
	Reason string
}

// IntegrityErrors returns the corrupt results that the last Refresh found, in grid
// order. The tables omit their numbers.
func (v *View) IntegrityErrors() []IntegrityError {
	var found []IntegrityError
	for _, row := range slices.Sorted(maps.Keys(v.models.corrupt.reasons)) {
		task := v.sweep.Plan.Row(int(row))
		found = append(found, IntegrityError{task.ID, v.label(task), v.models.corrupt.reasons[row]})
	}
	return found
}
