package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

// Prepared is a grid that was found good, with its tasks.
type Prepared struct {
	Input   Input
	Grid    *grid.Grid
	Plan    *plan.Plan
	Notices []string // about the grid and the recording, for a person to read

	data  *data
	shape table.Shape // which columns the tables have
}

// Prepare checks a grid and its recording and names the tasks. It reads files
// and writes none. All faults of the input come back at once, as an *InputError.
// Reading the recording ends once ctx is done, with the cause of that.
func Prepare(ctx context.Context, in Input) (*Prepared, error) {
	parsed, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables)
	if diagnostics.HasErrors() {
		return nil, badInput("the grid cannot be run\n\n%w", diagnostics)
	}
	path, err := parsed.ResolveRecording(in.Recording)
	if err != nil {
		return nil, &InputError{err}
	}
	p := &Prepared{Grid: parsed, Input: in, data: newData(path, recording.Options{Variable: in.Variable, Limit: in.MaxRecording})}
	p.data.pathAt = parsed.RecordingAt()
	digest := func(c sweep.Configuration) (string, error) { return p.data.digest(ctx, c) }
	p.Plan, err = plan.New(parsed, digest, sweep.Numerics, in.Kernel.Class)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, &InputError{err}
	}
	if diagnostics.Len() > 0 {
		p.Notices = append(p.Notices, strings.TrimSuffix(diagnostics.Error(), "\n"))
	}
	p.Notices = append(p.Notices, p.data.notices()...)
	p.shape = shapeOf(parsed)
	return p, nil
}

// Data names what is trained on: the surrogate, a file, or both.
func (p *Prepared) Data() string {
	names := map[string]bool{}
	for _, s := range p.data.samples {
		names[s.name] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " and ")
}

// tasks are the plan in the queue's words.
func (p *Prepared) tasks() iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		for t := range p.Plan.Tasks() {
			if !yield(queue.Planned{Task: t.Task, Row: t.Row, Order: t.Order, Cost: t.Cost}, nil) {
				return
			}
		}
	}
}

// shapeOf says which columns the tables of a grid have.
func shapeOf(g *grid.Grid) table.Shape {
	var shape table.Shape
	for _, axis := range g.Axes {
		shape.Axes = append(shape.Axes, axis.Setting.Name)
	}
	for _, c := range g.Configurations() {
		if shape.Holdout = c.Recording.Holdout > 0; shape.Holdout {
			break
		}
	}
	return shape
}

// Estimate says what is left to do, given what the sweep's folder has finished.
func (p *Prepared) Estimate(ctx context.Context, place Place) (plan.Estimate, error) {
	if f := folder(place.Out); p.Input.IsDefault && f != "" && !f.resumable() {
		fault := "holds no sweep with its grid"
		if _, err := os.Stat(place.Out); errors.Is(err, fs.ErrNotExist) {
			fault = "does not exist"
		}
		p.Notices = append(p.Notices, fmt.Sprintf("output folder %s %s: this plans the default grid; name a sweep's folder with --out, or a grid with --grid", f, fault))
	}
	if place.Out == "" {
		place.Out = string(defaultFolder(p.Grid))
	}
	finished, err := place.finished(ctx)
	if errors.Is(err, store.ErrInUse) {
		err = nil
		p.Notices = append(p.Notices, "a coordinator is running there: what it has finished is not taken into account, see `coordinator status`")
	}
	return p.Plan.Estimate(finished), err
}

// defaultFolder is the output folder of a grid for which none is named.
func defaultFolder(g *grid.Grid) folder { return folder(filepath.Join("runs", g.Name)) }
