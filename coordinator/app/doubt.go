package app

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

// doubts are the results that are not stored as they were accepted, by the first
// row that shows each, with what is wrong. Every result is looked at when its
// model is written, and these again with every refresh: a verification may have
// mended them.
type doubts struct {
	reasons map[int32]string
	news    bool // since the tables were written
}

// accepted reads a result and holds it against the digest under which it was
// accepted, and against what tables show of it; doubt says what is wrong with it.
func (v *view) accepted(ctx context.Context, task sweep.TaskID, m missingModel) (result sweep.Result, doubt string, err error) {
	body, err := v.queue.Result(ctx, task, hex.EncodeToString(m.digest[:]))
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
func (v *view) suspect(row int32, doubt string) bool {
	d := &v.models.doubts
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
		task := v.prepared.Plan.Row(int(row))
		v.log.Warn(doubt, "task", task.ID, "configuration", v.label(task))
	}
	d.news = true
	return doubt != ""
}

func (v *view) label(task sweep.Task) string {
	return task.Configuration.Label(v.prepared.Grid.Columns()...)
}

// trusted shows no number of a result that is doubted: its row has diverged.
func (v *view) trusted(rows table.Rows) table.Rows {
	reasons := v.models.doubts.reasons
	if len(reasons) == 0 {
		return rows
	}
	return func(yield func(table.Row, error) bool) {
		i := 0
		for row, err := range rows {
			if err == nil && reasons[int32(v.prepared.Plan.First(i))] != "" {
				row.State, row.Measures = sweep.Diverged, nil
			}
			if !yield(row, err) {
				return
			}
			i++
		}
	}
}

// IntegrityErrors are the results that were found not to be stored as they were accepted
// when the output folder was written last, in grid order. Tables show no number
// of them.
func (a *App) IntegrityErrors() []Finding {
	reasons := a.view.models.doubts.reasons
	var found []Finding
	for _, row := range slices.Sorted(maps.Keys(reasons)) {
		task := a.prepared.Plan.Row(int(row))
		found = append(found, Finding{task.ID, a.view.label(task), sweep.Diverged, reasons[row]})
	}
	return found
}
