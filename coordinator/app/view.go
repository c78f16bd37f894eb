package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
)

// view writes what the store knows of a sweep into its output folder: tables,
// figures and models. Everything in it can be made again at any time.
type view struct {
	folder   folder
	queue    keeper
	sweep    string
	prepared *Prepared
	log      hclog.Logger

	known   map[sweep.TaskID]finished // results that were decoded before
	last    []table.Row               // as read last
	written string                    // the mark of what the files show; "" if one of them is old
}

// finished is a decoded result without what no table or figure shows.
type finished struct {
	digest string
	result *sweep.Result
}

// refresh brings every file of the view up to date. A file that cannot be
// written does not keep the others from being written.
func (v *view) refresh(ctx context.Context) error {
	for _, name := range []string{figuresFolder, modelsFolder} {
		if err := os.MkdirAll(v.folder.path(name), 0o777); err != nil {
			return fmt.Errorf("create the folder of %s: %w", name, err)
		}
	}
	rows, faults := v.rows(ctx)
	if rows == nil {
		return faults
	}
	v.last = rows
	faults = errors.Join(faults, v.write(attemptsFile, func(w io.Writer) error { return table.WriteAttempts(w, v.attempts(ctx)) }))
	if mark := v.mark(rows); mark != v.written {
		fault := v.writeResults(rows)
		if v.written = mark; fault != nil {
			v.written = ""
		}
		faults = errors.Join(faults, fault)
	}
	return faults
}

// mark stands for everything that the tables and figures of results show.
func (v *view) mark(rows []table.Row) string {
	h := sha256.New()
	for _, row := range rows {
		fmt.Fprintln(h, row.Task, row.State, v.known[row.Task].digest)
	}
	return string(h.Sum(nil))
}

// writeResults writes the tables and figures that show results.
func (v *view) writeResults(rows []table.Row) (faults error) {
	shape := v.prepared.shape()
	write := func(name string, fill func(io.Writer) error) {
		faults = errors.Join(faults, v.write(name, fill))
	}
	write(resultsFile, func(w io.Writer) error { return table.WriteResults(w, shape, each(rows)) })
	write(summaryFile, func(w io.Writer) error { return table.WriteSummary(w, shape, each(rows)) })
	failpoint.Reach("coordinator.tables")
	faults = errors.Join(faults, v.removeModels(rows))
	write(comparisonFile, func(w io.Writer) error { return table.WriteComparison(w, shape, each(rows)) })
	figures, err := figure.S1(shape, each(rows))
	if err != nil {
		return errors.Join(faults, fmt.Errorf("draw Fig. S1: %w", err))
	}
	for _, f := range figures {
		for _, format := range figure.Formats {
			write(path.Join(figuresFolder, f.Name+"."+format), func(w io.Writer) error { return f.Write(w, format) })
		}
	}
	return faults
}

// removeModels removes the models of tasks that are no longer in the grid: a
// person who reads the whole folder must read this sweep's. The store keeps
// their results, so a grid that wants them again has them written again.
func (v *view) removeModels(rows []table.Row) error {
	planned := map[string]bool{}
	for _, row := range rows {
		planned[string(row.Task)] = true
	}
	files, err := filepath.Glob(v.folder.path(modelsFolder, strings.Repeat("[0-9a-f]", sha256.Size*2)+".json"))
	if err != nil {
		return fmt.Errorf("list the models: %w", err)
	}
	var faults error
	for _, file := range files {
		if !planned[strings.TrimSuffix(filepath.Base(file), ".json")] {
			faults = errors.Join(faults, os.Remove(file))
		}
	}
	return faults
}

// write replaces a file. That another program holds the old one open is no
// fault: a person is told where the new content is.
func (v *view) write(name string, fill func(io.Writer) error) error {
	err := v.folder.write(name, fill)
	var beside *BesideError
	if errors.As(err, &beside) {
		v.log.Warn("a file is held open by another program", "file", v.folder.path(name), "written_to", beside.Beside)
		return nil
	}
	return err
}

// rows are the rows of results.csv; several may show one task. Models that
// could not be written are the error beside them.
func (v *view) rows(ctx context.Context) ([]table.Row, error) {
	tasks := make(map[sweep.TaskID]table.Row, v.prepared.Plan.Trainings())
	var faults error
	for task, err := range v.queue.Rows(ctx, v.sweep) {
		if err != nil {
			return nil, fmt.Errorf("read the results: %w", err)
		}
		row, err := v.row(task.Task, task.State)
		if err != nil {
			return nil, err
		}
		if task.Result != nil {
			if row.Result, err = v.result(row, task.Result); err != nil {
				faults = errors.Join(faults, err)
			}
		}
		tasks[row.Task] = row
	}
	rows := make([]table.Row, v.prepared.Plan.Len())
	for i, planned := range v.prepared.Plan.Rows() {
		row, err := v.row(planned, tasks[planned.ID].State)
		if err != nil {
			return nil, err
		}
		row.Result = tasks[planned.ID].Result
		rows[i] = row
	}
	return rows, faults
}

// row is a row without its result.
func (v *view) row(t sweep.Task, state sweep.State) (table.Row, error) {
	sample, err := v.prepared.data.sample(t.Configuration)
	if err != nil {
		return table.Row{}, err
	}
	return table.Row{
		Task: t.ID, Cell: t.Cell, State: state, Configuration: t.Configuration,
		Data: sample.name, Cells: sample.raster.Cells,
	}, nil
}

// result decodes a result, once, and writes the model of a new one: only that
// needs the whole of it.
func (v *view) result(row table.Row, body []byte) (*sweep.Result, error) {
	digest := sweep.Digest(body)
	if known, ok := v.known[row.Task]; ok && known.digest == digest {
		return known.result, nil
	}
	result, err := sweep.DecodeResult(body)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", row.Task, err)
	}
	sample, err := v.prepared.data.sample(row.Configuration)
	if err != nil {
		return nil, err
	}
	shown := result
	shown.Angles, shown.Samples = nil, nil
	row.Result = &result
	name := path.Join(modelsFolder, string(row.Task)+".json")
	if err := v.write(name, func(w io.Writer) error { return model.Write(w, row, sample.raster.BinMS) }); err != nil {
		return &shown, err
	}
	v.known[row.Task] = finished{digest: digest, result: &shown}
	return &shown, nil
}

// attempts are the history of the sweep's tasks.
func (v *view) attempts(ctx context.Context) iter.Seq2[table.Attempt, error] {
	return func(yield func(table.Attempt, error) bool) {
		for h, err := range v.queue.Attempts(ctx, v.sweep) {
			if err != nil {
				yield(table.Attempt{}, fmt.Errorf("read the attempts: %w", err))
				return
			}
			label := v.prepared.Plan.Row(h.Row).Configuration.Label(v.prepared.Grid.Columns()...)
			attempt := table.Attempt{
				Task: h.Task, Label: label, Number: h.Attempt.Attempt, Outcome: string(h.Outcome),
				Process: h.Process, Host: h.Host, Kernel: h.Kernel,
				LeasedAt: h.GrantedAt, EndedAt: h.EndedAt, FirstStep: h.From, LastStep: h.Step,
				Compute: h.Compute, Message: h.Reason, Log: h.Log,
			}
			if !yield(attempt, nil) {
				return
			}
		}
	}
}

// each turns rows in memory into the sequence that tables read.
func each(rows []table.Row) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}
