package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/failpoint"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

// Source is the queue that a View reads: that of this process, or of a remote
// coordinator.
type Source interface {
	Status(ctx context.Context, sweep string) (queue.Status, error)
	Rows(ctx context.Context, sweep string) iter.Seq2[queue.Row, error]
	Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error)
	Attempts(ctx context.Context, sweep string) iter.Seq2[queue.History, error]
}

// Sweep is the sweep that a View shows.
type Sweep struct {
	ID   string
	Grid *grid.Grid
	Plan *plan.Plan
	// Selected returns what a configuration is trained on.
	Selected func(context.Context, sweep.Configuration) (Selected, error)
	Note     string // of completeness.json
}

// Selected is the recording and the neurons of it that a configuration is trained on.
type Selected struct {
	Recording string // its name
	NeuronIDs []int
	BinMS     float64
	// Excerpt holds windows of the recording for figures, [window][bin], bit i = neuron i;
	// nil if none was kept.
	Excerpt [][]uint32
}

// NoLimit has Refresh write all figures and models.
const NoLimit = time.Duration(math.MaxInt64)

// View writes the tables, figures and models of a sweep into its output folder. All of
// them can be written again at any time. It reads the store row by row, and keeps a few
// bytes of each row. Refresh must not be called concurrently; Problems and Replan may be.
type View struct {
	folder Folder
	source Source
	sweep  Sweep
	next   atomic.Pointer[plan.Plan] // replaces that of sweep at the next Refresh, unless nil
	shape  table.Shape               // the columns of the tables
	log    hclog.Logger
	// report is called often by Refresh: see ReportTo.
	report func(activity string, done, of int)

	tablesMark   string             // markOf the state that the tables show; "" if a file is out of date
	attemptsMark string             // the same for attempts.csv, by attemptsMarkOf
	undrawn      bool               // figures are out of date, because the limit was reached
	completeness table.Completeness // of the last results.csv
	levels       []table.Level      // of the last results.csv
	claims       []table.Claim      // of the last results.csv
	models       models
	problems     problems
}

// NewView returns a View of a folder, all of whose files it will write again.
func NewView(f Folder, source Source, s Sweep, log hclog.Logger) *View {
	return &View{
		folder: f, source: source, sweep: s, shape: shapeOf(s.Grid), log: log,
		models: models{written: make([]uint64, s.Plan.Len())}, report: func(string, int, int) {},
	}
}

// ReportTo has Refresh call report often, with what it is doing and how many of all tasks that
// covers so far. It must not be called during Refresh.
func (v *View) ReportTo(report func(activity string, done, of int)) { v.report = report }

// Levels summarises the results.csv that was written last.
func (v *View) Levels() []table.Level { return v.levels }

// Claims returns the paper's claims on the results.csv that was written last.
func (v *View) Claims() []table.Claim { return v.claims }

// Rows streams the rows of results.csv from the queue, without a check of the results.
func (v *View) Rows(ctx context.Context) table.Rows { return v.rows(ctx) }

// Shape returns the optional columns of the tables.
func (v *View) Shape() table.Shape { return v.shape }

// Completeness describes the results.csv that was written last.
func (v *View) Completeness() table.Completeness { return v.completeness }

// Problems lists the files that could not be written the last time, or not in their
// place, by name.
func (v *View) Problems() []Problem { return v.problems.list() }

// Refresh brings the tables, figures and models up to date. The limit bounds the time for
// figures, and that for models. A file that cannot be written is a Problem and does not
// keep others from being written. Refresh checks every result when it writes its model,
// and writes the tables again if it finds a corrupt one.
func (v *View) Refresh(ctx context.Context, limit time.Duration) error {
	if next := v.next.Swap(nil); next != nil {
		v.adopt(next)
	}
	noFigures, noModels := v.makeFolder(figuresFolder), v.makeFolder(modelsFolder)
	status, err := v.source.Status(ctx, v.sweep.ID)
	if err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	figuresLimit := limit
	if status.Counts.Done == 0 && limit != NoLimit || noFigures {
		figuresLimit = 0 // without results, figures are drawn only in the end
	}
	var faults error
	if mark := markOf(status); mark != v.tablesMark || v.undrawn && limit == NoLimit {
		faults = v.writeTables(ctx, figuresLimit)
		if v.tablesMark = mark; faults != nil {
			v.tablesMark = ""
		}
	}
	if mark := attemptsMarkOf(status); mark != v.attemptsMark || limit == NoLimit {
		fault := v.write(attemptsFile, func(w io.Writer) error { return table.WriteAttempts(w, v.attempts(ctx)) })
		if v.attemptsMark = mark; fault != nil || v.problems.isLost(attemptsFile) {
			v.attemptsMark = ""
		}
		faults = errors.Join(faults, fault)
	}
	v.models.unusable = noModels
	faults = errors.Join(faults, v.writeModels(ctx, limit))
	if v.models.corrupt.changed {
		if fault := v.writeTables(ctx, figuresLimit); fault != nil {
			v.tablesMark, faults = "", errors.Join(faults, fault)
		}
	}
	if len(v.problems.list()) > 0 {
		v.tablesMark = ""
	}
	return faults
}

// Replan has the next Refresh show another plan of the sweep, with the same axes.
func (v *View) Replan(p *plan.Plan) { v.next.Store(p) }

// adopt replaces the plan, and keeps what is known of the tasks that both plans have.
func (v *View) adopt(p *plan.Plan) {
	before := v.sweep
	v.sweep.Plan, v.sweep.Grid = p, p.Grid()
	v.models.move(before.Plan, p)
	v.models.cleaned = false
	v.tablesMark, v.attemptsMark = "", ""
}

// RewriteAttempts has the next Refresh write attempts.csv even if no attempt has begun
// or ended.
func (v *View) RewriteAttempts() { v.attemptsMark = "" }

// makeFolder creates a folder in the output folder, and reports whether that failed.
func (v *View) makeFolder(name string) (unusable bool) {
	var err error
	switch kind := v.folder.irregular(name); kind {
	case "a directory", "":
		if err = os.MkdirAll(v.folder.Path(name), 0o755); err == nil {
			err = v.folder.checkChangeable(name)
		}
	default:
		err = fmt.Errorf("it is %s", kind)
	}
	_ = v.note(name, err)
	return err != nil
}

// markOf returns a text that changes whenever the tables and figures do.
func markOf(s queue.Status) string {
	return fmt.Sprint(s.Sweep.Revision, s.Changes, s.Counts.Done, s.Counts.Failed, s.Counts.Diverged)
}

// attemptsMarkOf returns a text that changes whenever attempts.csv does, except for the
// steps of running tasks.
func attemptsMarkOf(s queue.Status) string {
	mark := fmt.Sprint(markOf(s), s.Counts)
	for _, w := range s.Workers {
		for _, r := range w.Running {
			mark += fmt.Sprint(" ", r.Task, r.Attempt.Attempt)
		}
	}
	return mark
}

// writeTables writes the tables and figures from one reading of the rows, then
// completeness.json, even if a table other than results.csv could not be written.
func (v *View) writeTables(ctx context.Context, limit time.Duration) error {
	shape := v.shape
	var sum string
	var completeness table.Completeness
	var levels []table.Level
	var judged []table.Claim
	var missing []missingModel
	var incompleteErr error
	var paper *figure.Paper
	v.models.corrupt.changed = false
	err := fanOut(v.rows(ctx),
		func(rows table.Rows) error {
			err := v.write(resultsFile, func(w io.Writer) error {
				digest := sha256.New()
				err := table.WriteResults(io.MultiWriter(w, digest), shape, v.withoutCorrupt(rows))
				sum = hex.EncodeToString(digest.Sum(nil))
				return err
			})
			failpoint.Reach("coordinator.tables")
			return err
		},
		func(rows table.Rows) error {
			return v.write(summaryFile, func(w io.Writer) error { return table.WriteSummary(w, shape, v.withoutCorrupt(rows)) })
		},
		func(rows table.Rows) error {
			var trainings *table.Trainings
			if err := recovering(func() (err error) {
				if trainings, err = table.Gather(shape, v.withoutCorrupt(rows)); err == nil {
					levels = trainings.Levels()
				}
				return err
			}); err != nil {
				return v.note(comparisonFile, err)
			}
			return errors.Join(v.write(comparisonFile, trainings.WriteComparison),
				v.write(axesFile, func(w io.Writer) error { return table.WriteAxes(w, levels) }))
		},
		func(rows table.Rows) (err error) {
			judged, err = v.writeClaims(shape, v.withoutCorrupt(rows))
			return err
		},
		func(rows table.Rows) error {
			return v.note(s1Problem, recovering(func() error { return v.drawS1(ctx, shape, v.withoutCorrupt(rows), limit) }))
		},
		func(rows table.Rows) error {
			if limit != NoLimit {
				return nil // the other figures are drawn in the end
			}
			return v.note(paperProblem, recovering(func() (err error) {
				paper, err = figure.Gather(shape, v.withoutCorrupt(rows))
				return err
			}))
		},
		func(rows table.Rows) error {
			completeness, incompleteErr = table.CheckCompleteness(v.sweep.Grid, v.withoutCorrupt(rows))
			return incompleteErr
		},
		func(rows table.Rows) (err error) {
			missing, err = v.missingModels(rows)
			return err
		},
	)
	if err == nil && paper != nil {
		err = v.note(paperProblem, recovering(func() error { return v.drawPaper(ctx, paper) }))
	}
	v.removeModels()
	if unread := (*unreadError)(nil); errors.As(err, &unread) || incompleteErr != nil || v.problems.isLost(resultsFile) {
		return err
	}
	completeness.TableSHA256, completeness.Note = sum, v.sweep.Note
	v.completeness, v.levels, v.claims, v.models.missing = completeness, levels, judged, missing
	return errors.Join(err, v.write(completenessFile, completeness.Write))
}

// writeClaims writes the paper's claims as a table and as a text, and returns them.
func (v *View) writeClaims(shape table.Shape, rows table.Rows) ([]table.Claim, error) {
	var report *claims.Report
	if err := recovering(func() (err error) {
		report, err = claims.Judge(shape, rows)
		return err
	}); err != nil {
		return nil, v.note(claimsFile, err)
	}
	return report.Claims, errors.Join(
		v.write(claimsFile, func(w io.Writer) error { return table.WriteClaims(w, report.Claims) }),
		v.write(claimsTextFile, report.WriteText))
}

// write replaces a file, and records a failure as a Problem.
func (v *View) write(name string, fill func(io.Writer) error) error {
	return v.note(name, v.folder.write(name, fill))
}

// attempts returns the attempts of all tasks.
func (v *View) attempts(ctx context.Context) iter.Seq2[table.Attempt, error] {
	return func(yield func(table.Attempt, error) bool) {
		columns := v.sweep.Grid.Columns()
		for h, err := range v.source.Attempts(ctx, v.sweep.ID) {
			if err != nil {
				yield(table.Attempt{}, &unreadError{fmt.Errorf("read the attempts: %w", err)})
				return
			}
			task, planned := v.taskAt(h.Row, h.Task)
			if !planned {
				continue // the sweep was planned again: the next Refresh reads all attempts
			}
			attempt := table.Attempt{
				Task: h.Task, Label: task.Configuration.Label(columns...), Number: h.Attempt.Attempt, Outcome: string(h.Outcome),
				Process: sweep.ShortID(h.Process), Host: h.Host, Kernel: h.Kernel,
				LeasedAt: h.GrantedAt, EndedAt: h.EndedAt, FirstStep: h.From, LastStep: h.Step,
				Compute: h.Compute, Message: h.Reason, Log: h.Log,
			}
			if !yield(attempt, nil) {
				return
			}
		}
	}
}

// taskAt returns the task of a row, and whether it is the given one.
func (v *View) taskAt(row int, id sweep.TaskID) (task sweep.Task, same bool) {
	if row >= v.sweep.Plan.Len() {
		return task, false
	}
	task = v.sweep.Plan.Row(row)
	return task, task.ID == id
}

// shapeOf returns the columns of the tables of a grid.
func shapeOf(g *grid.Grid) table.Shape {
	var shape table.Shape
	for _, axis := range g.Axes {
		shape.Axes = append(shape.Axes, axis.Setting.Name)
	}
	for _, c := range g.Configurations() {
		if shape.Holdout = c.HasHoldout(); shape.Holdout {
			break
		}
	}
	return shape
}
