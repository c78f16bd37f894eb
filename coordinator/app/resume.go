package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/store"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// run returns the input as the output folder records it.
func (in Input) run() (r folder.Run, err error) {
	r = folder.Run{Variables: in.Variables, Recording: in.Recording, Variable: in.Variable}
	if in.MaxRecording != recording.DefaultLimit {
		r.MaxRecording = in.MaxRecording >> 20
	}
	if r.GridFile, err = filepath.Abs(in.GridName); err == nil && in.Recording != "" {
		r.Recording, err = filepath.Abs(in.Recording)
	}
	return r, err
}

// Resume returns the input of a run in an output folder; "" stands for the default
// folder of the grid. If no grid was named and the folder holds a sweep, Resume returns
// the grid of that sweep, with the variables and the recording of its last run. Those
// of the receiver take precedence.
func (in Input) Resume(out string) (Input, error) {
	f := folder.Folder(out)
	if out != "" {
		if _, err := f.Missing(); err != nil {
			return in, err
		}
	}
	if !in.IsDefault {
		return in, nil
	}
	if out == "" {
		parsed, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables)
		if diagnostics.HasErrors() {
			return in, nil // Prepare reports them
		}
		f = defaultFolder(parsed)
	}
	if !f.HasRun() {
		return in, nil
	}
	run, text, err := f.ReadRun()
	if err != nil {
		return in, folder.BadInput("resume the sweep of %s: %w", f, err)
	}
	in.GridName = cmp.Or(run.GridFile, f.Path(folder.GridFile))
	in.Grid = text
	variables := maps.Clone(run.Variables)
	if variables == nil {
		variables = map[string]string{}
	}
	maps.Copy(variables, in.Variables)
	in.Variables = variables
	in.MaxRecording = max(in.MaxRecording, run.MaxRecording<<20)
	if in.Recording == "" {
		in.Recording, in.Variable = run.Recording, cmp.Or(in.Variable, run.Variable)
	}
	if _, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables); diagnostics.HasErrors() {
		in.GridName = f.Path(folder.GridFile) // Prepare's errors name this file
	}
	return in, nil
}

// checkFolder finds the sweep of the folder and calls check with its queue, before Open
// changes any file. It refuses a folder with results whose store is missing.
func (a *App) checkFolder(ctx context.Context, check func(context.Context, sweepQueue) error) (err error) {
	if a.id, err = a.folder.Identity(); err != nil {
		return &folder.InputError{Err: err}
	}
	if a.id == "" && !a.folder.Has(folder.GridFile) {
		return nil
	}
	if a.queue != nil {
		return check(ctx, a.queue)
	}
	url, err := a.folder.StoreURL(a.Store)
	if err != nil {
		return err
	}
	s, err := store.OpenReadOnly(ctx, url)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a.checkResults(url)
	case err != nil && a.host == nil:
		return a.folder.Unopened(a.Store, err)
	case err != nil:
		// OpenStore migrates a store of an older version. After any other error, it fails too.
		if err := a.host.OpenStore(ctx); err != nil {
			return err
		}
		return check(ctx, a.host.Queue())
	}
	return errors.Join(check(ctx, queue.New(s, queue.Policy{})), s.Close())
}

// finished returns the done tasks of the sweep of the folder, for Preview, and sets the
// outcomes: those that the running coordinator reports, else those in the store.
func (a *App) finished(ctx context.Context) (map[sweep.TaskID]bool, error) {
	if missing, err := a.folder.Missing(); err != nil || missing != "" {
		return nil, err
	}
	if err := a.folder.CheckForeign(); err != nil {
		return nil, err
	}
	done := map[sweep.TaskID]bool{}
	a.outcomes = map[sweep.TaskID]outcome{}
	read := func(ctx context.Context, q sweepQueue) error {
		if err := a.checkSweep(ctx, q); err != nil || a.id == "" {
			return err
		}
		for row, err := range q.Rows(ctx, a.id) {
			if errors.Is(err, queue.ErrUnknown) {
				return nil // checkSweep allows it to start anew
			}
			if err != nil {
				return err
			}
			done[row.Task.ID] = row.State == sweep.Done
			a.outcomes[row.Task.ID] = outcome{Outcome: folder.Outcome(row, a.prepared.Grid.Replicates.Until)}
		}
		return nil
	}
	running, err := Place{Out: a.Folder(), Store: a.Store}.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		a.queue = c
		return a.checkFolder(ctx, read)
	})
	if running || err != nil {
		return done, err
	}
	a.queue = nil
	return done, a.checkFolder(ctx, read)
}

// checkSweep refuses to resume the sweep of the folder if that would replace results.
func (a *App) checkSweep(ctx context.Context, q sweepQueue) (err error) {
	if a.id == "" {
		if a.id, err = a.findSweep(ctx, q); err != nil {
			return err
		}
	}
	before, err := q.Sweep(ctx, a.id)
	switch {
	case a.id == "" || errors.Is(err, queue.ErrUnknown):
		return a.checkResults("")
	case err != nil:
		return a.asInputError(fmt.Errorf("read the folder's sweep: %w", err))
	}
	if !a.Recompute {
		if err := a.checkArithmetic(before); err != nil {
			return err
		}
	}
	if a.Replace {
		return nil
	}
	kept := a.Recompute
	rows := 0
	for row, err := range q.Rows(ctx, a.id) {
		if kept = kept || a.prepared.Plan.Has(row.Task.ID); kept || err != nil {
			break
		}
		rows++
	}
	switch name := a.prepared.Grid.Name; {
	case before.Name != name:
		return a.refuse(ctx, q, before, fmt.Sprintf("this grid's is called %q", name))
	case !kept && rows > 0:
		return a.refuse(ctx, q, before, "this grid keeps none of its tasks (another recording, seed or setting?)")
	}
	return nil
}

// refuse returns an error that names what the grid would replace, and the remedies.
func (a *App) refuse(ctx context.Context, q sweepQueue, before queue.Sweep, why string) error {
	status, err := q.Status(ctx, before.ID)
	if err != nil {
		return a.asInputError(fmt.Errorf("read the folder's sweep: %w", err))
	}
	resume := fmt.Sprintf("run `%s`", folder.CommandLine("coordinator", "--out", a.Folder()))
	if a.IsDefault && !a.folder.Has(folder.GridFile) {
		return folder.BadInput("output folder %s holds the sweep %q, %d of %d tasks done, but not its grid: %s is missing. "+
			"To go on with it, put the file back or give the grid with --grid, with the --var and --recording of its last run; "+
			"to start another sweep, name another folder with --out",
			a.folder, before.Name, status.Counts.Done, status.Counts.Planned, a.folder.Path(folder.GridFile))
	}
	if a.IsDefault { // this is that command: other input than the grid differs
		resume = "give it the variables and the recording that it was run with, unchanged"
		if a.Recording != "" {
			resume += fmt.Sprintf(" (is %s still the same file?)", a.Recording)
		}
	}
	return folder.BadInput("output folder %s holds the sweep %q, %d of %d tasks done, and %s: its tables, figures and models would be replaced. "+
		"To go on with it, %s; to keep both, give this grid another folder with --out; to replace it, add --replace",
		a.folder, before.Name, status.Counts.Done, status.Counts.Planned, why, resume)
}

// checkResults refuses to train tasks again whose results are in the folder, although
// the sweep is not in the store. emptyStore is the URL of the store if it is missing.
func (a *App) checkResults(emptyStore string) error {
	finished, err := a.folder.FinishedRows()
	if err != nil && !a.Replace && !a.Recompute {
		return folder.BadInput("output folder %s: its sweep is not in the store, and its results cannot be read: %w: add --replace to replace them", a.folder, err)
	}
	if finished == 0 || a.Replace || a.Recompute {
		if a.id != "" {
			a.Notices = append(a.Notices, fmt.Sprintf("the store does not have the sweep of %s, which starts anew: was it run with another --store or --coordinator?", a.folder))
		}
		return nil
	}
	where := "at its coordinator"
	if emptyStore != "" {
		where = "in the store " + store.WithoutPassword(emptyStore) + a.folder.StoreSource(a.Store) + ", which is empty or missing"
	}
	return folder.BadInput("output folder %s holds %d finished rows of results.csv, but their sweep is not %s: they would be trained again and replaced. "+
		"Was the store deleted, copied without its -wal file, or the sweep ended by `coordinator delete`? "+
		"Put the store back, name the right one with --store or --coordinator, give another folder with --out, or add --replace to start anew",
		a.folder, finished, where)
}

// findSweep finds the sweep of a folder whose sweep.id is missing: the only one in the
// folder's own store.
func (a *App) findSweep(ctx context.Context, q sweepQueue) (id string, err error) {
	sweeps, err := q.Sweeps(ctx)
	if err != nil {
		return "", a.asInputError(fmt.Errorf("look for the folder's sweep: %w", err))
	}
	own := a.client == nil && a.Store == "" && !a.folder.Has(folder.CoordinatorFile) && !a.folder.Has(folder.StoreURLFile)
	switch {
	case len(sweeps) == 0:
		return "", nil
	case own && len(sweeps) == 1:
		a.Notices = append(a.Notices, fmt.Sprintf("%s was missing: resuming the only sweep of the store, %s", folder.IdentityFile, sweeps[0].ID))
		return sweeps[0].ID, nil
	}
	return "", folder.BadInput("output folder %s: its %s is missing: `%s` names the sweeps of its store; write the ID of this one into %s",
		a.folder, folder.IdentityFile, folder.CommandLine("coordinator", "list", "--out", a.Folder()), a.folder.Path(folder.IdentityFile))
}
