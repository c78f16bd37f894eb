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

// corrupt holds what is wrong with stored results, by the first row of their tasks.
// Refresh checks a result when it writes its model, and a corrupt one whenever it writes
// the tables: a new run may have repaired it.
type corrupt struct {
	reasons map[int32]string
	changed bool // since the tables were written
}

// Results reads the results of tasks.
type Results interface {
	Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error)
}

// StoredResult reads a result and compares it with the digest under which it was
// accepted. fault describes a difference.
func StoredResult(ctx context.Context, from Results, task sweep.TaskID, digest string) (result sweep.Result, fault string, err error) {
	body, err := from.Result(ctx, task, digest)
	switch {
	case errors.Is(err, queue.ErrUnknown):
		return result, "the stored result is missing", nil
	case err != nil:
		return result, "", err
	case sweep.ResultDigest(body) != digest:
		return result, "the stored result was altered since it was accepted", nil
	}
	if result, err = sweep.DecodeResult(body); err != nil {
		return result, "", fmt.Errorf("task %s: %w", task, err)
	}
	return result, "", nil
}

// accepted identifies a result that was accepted, by what the store has beside it.
type accepted struct {
	digest [sha256.Size]byte
	shown  uint64 // prefix of the digest of its numbers in tables: see measuresPrefix
}

// acceptedResult returns what a row, which must have a digest, shows of its result.
func acceptedResult(row table.Row) (a accepted, err error) {
	if n, err := hex.Decode(a.digest[:], []byte(row.Digest)); err != nil || n != len(a.digest) {
		return a, fmt.Errorf("task %s: the digest %.80q of its result is no SHA-256", row.Task, row.Digest)
	}
	a.shown, err = measuresPrefix(row.Measures)
	return a, err
}

// checkedResult reads a result as StoredResult does, and compares it with its numbers in
// tables.
func (v *View) checkedResult(ctx context.Context, task sweep.TaskID, m accepted) (result sweep.Result, fault string, err error) {
	result, fault, err = StoredResult(ctx, v.source, task, hex.EncodeToString(m.digest[:]))
	if fault != "" || err != nil {
		return result, fault, err
	}
	measures := result.Measures()
	earlier := measures.Earlier() // as an earlier version may have stored them
	for _, own := range []*sweep.Measures{&measures, &earlier} {
		shown, err := measuresPrefix(own)
		if err != nil || shown == m.shown {
			return result, "", err
		}
	}
	return result, "the stored numbers for the tables are missing or were altered", nil
}

// soundResult reads the result of a finished row for a figure, and notes whether it is
// corrupt; sound is false if it is.
func (v *View) soundResult(ctx context.Context, row table.Row) (result sweep.Result, sound bool, err error) {
	a, err := acceptedResult(row)
	if err != nil {
		return result, false, err
	}
	result, fault, err := v.checkedResult(ctx, row.Task, a)
	if err != nil {
		if !errors.Is(err, queue.ErrUnavailable) {
			err = fmt.Errorf("read the result of task %s: %w", row.Task, err)
		}
		return result, false, err
	}
	position, _ := v.sweep.Plan.FirstOf(row.Task)
	return result, !v.noteIntegrity(int32(position), fault), nil
}

// soundRows checks the result of every finished row, and shows those with a corrupt one as
// diverged, without numbers.
func (v *View) soundRows(ctx context.Context, rows table.Rows) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for row, err := range rows {
			if err == nil && row.Digest != "" {
				var sound bool
				if _, sound, err = v.soundResult(ctx, row); err == nil && !sound {
					row.State, row.Measures = sweep.Diverged, nil
				}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// measuresPrefix returns the prefix of the digest of the numbers of a result that tables
// show, or 0 without any.
func measuresPrefix(m *sweep.Measures) (uint64, error) {
	if m == nil {
		return 0, nil
	}
	body, err := m.Encode()
	return prefix(sha256.Sum256(body)), err
}

// noteIntegrity records what is wrong with the result of a row, "" for nothing, and
// reports whether it is corrupt.
func (v *View) noteIntegrity(row int32, fault string) bool {
	c := &v.models.corrupt
	switch fault {
	case c.reasons[row]:
		return fault != ""
	case "":
		delete(c.reasons, row)
	default:
		if c.reasons == nil {
			c.reasons = map[int32]string{}
		}
		c.reasons[row] = fault
		task := v.sweep.Plan.Row(int(row))
		v.log.Warn(fault, "sweep", v.sweep.ID, "task", task.ID, "configuration", v.label(task.Configuration))
	}
	c.changed = true
	return fault != ""
}

func (v *View) label(c sweep.Configuration) string {
	return c.Label(v.sweep.Grid.Columns()...)
}

// withoutCorrupt shows rows with corrupt results as diverged, without numbers.
func (v *View) withoutCorrupt(rows table.Rows) table.Rows {
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

// IntegrityErrors returns the corrupt results that the last Refresh, or DrawFigures, found,
// in grid order. Tables and figures omit their numbers.
func (v *View) IntegrityErrors() []IntegrityError {
	var found []IntegrityError
	for _, row := range slices.Sorted(maps.Keys(v.models.corrupt.reasons)) {
		task := v.sweep.Plan.Row(int(row))
		found = append(found, IntegrityError{task.ID, v.label(task.Configuration), v.models.corrupt.reasons[row]})
	}
	return found
}
