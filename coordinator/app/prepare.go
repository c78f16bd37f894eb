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

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/wire"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
)

// Prepared is a valid grid with its tasks.
type Prepared struct {
	Input   Input
	Grid    *grid.Grid
	Plan    *plan.Plan
	Notices []string // about the grid and the recording, for the user
	Redone  []Redone // set by Preview: finished tasks of the folder's last run that run again

	data *data
}

// Prepare checks a grid and its recording and plans the tasks. It reads files and
// writes none. It returns all faults of the input together, as an *folder.InputError.
// When ctx ends, it stops and returns the cause.
func Prepare(ctx context.Context, in Input) (*Prepared, error) {
	return prepare(ctx, in, sweep.Numerics)
}

// prepare is Prepare for tasks with a version of the numerics.
func prepare(ctx context.Context, in Input, numerics int) (*Prepared, error) {
	parsed, warnings, err := in.parse()
	if err != nil {
		return nil, err
	}
	path, err := parsed.ResolveRecording(in.Recording)
	if err != nil {
		return nil, &folder.InputError{Err: err}
	}
	if path == "" && len(in.FileFlags) > 0 {
		return nil, folder.BadInput("%s has no effect: no configuration of the grid reads a recording's file: leave it out, or give the file with --recording, or with source and path in the grid", in.FileFlags[0])
	}
	if in.Variable != "" && slices.ContainsFunc(parsed.Axes, func(a grid.Axis) bool { return a.Setting.Name == "variable" }) {
		return nil, folder.BadInput("--variable has no effect: the grid sweeps variable: leave it out")
	}
	p := &Prepared{Grid: parsed, Input: in, data: newData(path, recording.Options{Variable: in.Variable, Limit: in.MaxRecording}, parsed)}
	digest := func(c sweep.Configuration) (string, error) { return p.data.digest(ctx, c) }
	planned := func(rows int) { in.report("planning", rows, parsed.Rows()) }
	p.Plan, err = plan.New(ctx, parsed, digest, numerics, in.Kernel.Class, planned)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, &folder.InputError{Err: err}
	}
	p.Notices = append(p.Notices, warnings...)
	p.Notices = append(p.Notices, p.data.notices()...)
	return p, nil
}

// parse parses the grid, and returns its warnings. An error is an *folder.InputError.
func (in Input) parse() (parsed *grid.Grid, warnings []string, err error) {
	parsed, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables)
	if diagnostics.HasErrors() {
		return nil, nil, folder.BadInput("the grid cannot be run\n\n%w", diagnostics)
	}
	if diagnostics.Len() > 0 {
		warnings = []string{strings.TrimSuffix(diagnostics.Error(), "\n")}
	}
	return parsed, warnings, nil
}

// Data names the training data: the surrogate, a recording, or both.
func (p *Prepared) Data() string {
	names := map[string]bool{}
	for _, s := range p.data.selected {
		names[s.name] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " and ")
}

// recording returns the name of the file that configurations are trained on, or "" if there
// is none or its name is too long for a label.
func (p *Prepared) recording() string {
	if name := sweep.Printable(filepath.Base(p.data.path)); p.data.path != "" && wire.IsLabel(name) {
		return name
	}
	return ""
}

// report calls Planning, if it is set and there is an activity.
func (in Input) report(activity string, done, of int) {
	if in.Planning != nil && activity != "" {
		in.Planning(activity, done, of)
	}
}

// tasks returns the plan in the types of the queue, and reports how far the activity is
// for which they are read. When ctx ends, the stream ends with the cause.
func (p *Prepared) tasks(ctx context.Context, activity string) iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		read := 0
		for t := range p.Plan.Tasks() {
			p.Input.report(activity, read, p.Plan.TaskCount())
			read++
			if ctx.Err() != nil {
				yield(queue.Planned{}, context.Cause(ctx))
				return
			}
			if !yield(queue.Planned{Task: t.Task, Row: t.Row, Order: t.Order, Cost: t.Cost}, nil) {
				return
			}
		}
	}
}

// Preview prepares a run without a change to its output folder and without a call to a
// worker, and estimates the work that is left. It refuses what Open refuses, except that
// a coordinator may be running there. If this machine has a kernel of the sweep's class, Preview calls
// step, unless it is nil, to measure training steps, and corrects the estimate by them and by those
// that earlier plans have measured.
func Preview(ctx context.Context, c Config, step func(sweep.Configuration, circuit.Kernel) (float64, error)) (*Prepared, plan.Estimate, error) {
	var err error
	if c.Input, err = c.Resume(c.Out); err != nil {
		return nil, plan.Estimate{}, err
	}
	p, err := Prepare(ctx, c.Input)
	if err != nil {
		return nil, plan.Estimate{}, err
	}
	if f := folder.Folder(c.Out); c.IsDefault && f != "" && !f.HasRun() {
		fault := "holds no sweep with its grid"
		if _, err := os.Stat(c.Out); errors.Is(err, fs.ErrNotExist) {
			fault = "does not exist"
		}
		p.Notices = append(p.Notices, fmt.Sprintf("output folder %s %s: this plans the default grid; name a sweep's folder with --out, or a grid with --grid", f, fault))
	}
	a := newApp(c, p)
	finished, err := a.finished(ctx)
	if errors.Is(err, store.ErrInUse) {
		err = nil
		a.Notices = append(a.Notices, "a coordinator is running there: its finished tasks are not counted, see `coordinator status`")
	}
	p.Notices = a.Notices
	kernel := c.Kernel
	for _, k := range circuit.Kernels() {
		if kernel.Name == "" && k.Class == kernel.Class {
			kernel = k
		}
	}
	if kernel.Name != "" && step != nil {
		times := readStepTimes(stepTimesFile(), thisMachine(kernel, c.Version))
		p.Plan.Measure(func(c sweep.Configuration) (float64, error) {
			return times.seconds(c, func() (float64, error) { return step(c, kernel) })
		})
		_ = times.write() // otherwise the next plan measures again
	}
	if err == nil {
		p.Redone, err = a.redone(ctx, finished)
	}
	if err != nil || !a.isAdaptive() {
		estimate := p.Plan.Estimate(finished)
		return p, estimate.UpTo(estimate), err
	}
	if _, err := a.extendPlan(ctx); err != nil {
		return nil, plan.Estimate{}, err
	}
	most, err := p.Plan.AtMost(ctx)
	if err != nil {
		return nil, plan.Estimate{}, err
	}
	return p, p.Plan.Estimate(finished).UpTo(most.Estimate(finished)), nil
}

// defaultFolder returns the output folder of a grid if the user names none.
func defaultFolder(g *grid.Grid) folder.Folder { return folder.Folder(filepath.Join("runs", g.Name)) }

// selected returns what a configuration is trained on, as the output folder shows it.
func (p *Prepared) selected(ctx context.Context, c sweep.Configuration) (folder.Selected, error) {
	s, err := p.data.selectNeurons(ctx, c)
	return folder.Selected{Recording: s.name, NeuronIDs: s.neurons, BinMS: s.binMS, Excerpt: s.excerpt}, err
}
