package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/google/uuid"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// App is a sweep with its output folder and its plan. This process or a remote
// coordinator serves its queue.
type App struct {
	Config
	Revision queue.Revision // what the plan changed
	Notices  []string       // about the recording and the grid, for the user
	Resumed  bool           // the folder had this sweep before

	prepared *Prepared
	id       string
	folder   folder.Folder
	created  string    // the topmost folder that Open created; "" if the output folder existed
	lock     io.Closer // of the folder; nil if it is not locked
	queue    sweepQueue
	host     *host.Host     // nil if a remote coordinator runs the sweep
	client   *remote.Client // nil if this process runs the sweep
	view     *folder.View
	replicates
}

// Open checks the grid, locks the output folder, plans the tasks, and stores them as a sweep, in
// the store or at the remote coordinator. The caller must close the App. If Open fails, it
// removes the folders that it created.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Input, err = c.Resume(c.Out); err != nil {
		return nil, err
	}
	parsed, _, err := c.parse()
	if err != nil {
		return nil, err
	}
	a := newApp(c, &Prepared{Input: c.Input, Grid: parsed})
	defer func() {
		if err != nil {
			a.undo()
		}
	}()
	if err := a.chooseQueue(); err != nil {
		return nil, err
	}
	// Planning may take long: take the folder first, so that no other run plans for it in vain and
	// that commands know of this one.
	if err := a.openFolder(); err != nil {
		return nil, err
	}
	if a.prepared, err = Prepare(ctx, c.Input); err != nil {
		return nil, err
	}
	a.Notices = a.prepared.Notices
	if err := a.checkFolder(ctx, a.checkSweep); err != nil {
		return nil, err
	}
	a.folder.RemoveDrafts()
	if a.host != nil {
		if err := a.host.OpenStore(ctx); err != nil {
			return nil, err
		}
		a.queue = a.host.Queue()
	}
	if err := a.plan(ctx); err != nil {
		return nil, a.asInputError(err)
	}
	if err := a.fitWorkers(ctx); err != nil {
		return nil, err
	}
	if err := a.publish(); err != nil {
		return nil, err
	}
	return a, nil
}

func newApp(c Config, p *Prepared) *App {
	a := &App{Config: c, prepared: p, Notices: p.Notices, folder: folder.Folder(c.Out)}
	if c.Out == "" {
		a.folder = defaultFolder(p.Grid)
	}
	return a
}

// openFolder locks the folder and, if this process serves the sweep, listens. It listens
// before it creates a missing folder.
func (a *App) openFolder() error {
	missing, err := a.folder.Missing()
	if err != nil {
		return err
	}
	if missing == "" {
		if err := a.folder.CheckForeign(); err != nil {
			return err
		}
		if err := a.lockFolder(); err != nil {
			return err
		}
	}
	if a.host != nil {
		if err := a.host.Listen(); err != nil {
			return err
		}
	}
	if missing != "" {
		if err := a.lockFolder(); err != nil {
			return err
		}
		if a.folder.IsNew() {
			a.created = missing
		}
	}
	// Another coordinator may have used the folder since the first check.
	return a.folder.CheckForeign()
}

func (a *App) lockFolder() error {
	lock, err := a.folder.Lock()
	switch {
	case errors.Is(err, folder.ErrInUse):
		return folder.BadInput("%w: see `%s`", err, folder.CommandLine("coordinator", "status", "--out", a.Folder()))
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return err // a lack of resources is no bad input
	case err != nil:
		return &folder.InputError{Err: err}
	}
	a.lock = lock
	return nil
}

// undo removes what a failed Open has made.
func (a *App) undo() {
	lock := a.lock
	a.lock = nil
	_ = a.Close()
	if lock != nil {
		a.folder.Undo(lock, a.created)
	}
}

// readPlan extends the prepared plan after the stored results of the sweep of the folder.
func (a *App) readPlan(ctx context.Context) error {
	if a.id == "" || !a.isAdaptive() {
		return nil
	}
	if err := a.readOutcomes(ctx); err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	_, err := a.extendPlan(ctx)
	return err
}

// plan makes the prepared tasks the sweep of the folder, or its newest revision.
func (a *App) plan(ctx context.Context) error {
	if a.id != "" && a.Recompute {
		// Delete it before sweep.id changes: a crash in between would leave its tasks open.
		if err := a.queue.Delete(ctx, a.id); err != nil && !errors.Is(err, queue.ErrUnknown) {
			return err
		}
		a.id = ""
	}
	if a.Resumed = a.id != ""; !a.Resumed {
		a.id = uuid.NewString()
	}
	if named, err := a.folder.Identity(); err != nil || named != a.id {
		if err := a.folder.SetIdentity(a.id); err != nil {
			return err
		}
	}
	err := a.prepared.data.upload(ctx, func(digest string, body []byte) error {
		return a.queue.PutRecording(ctx, digest, body)
	})
	if err != nil {
		return fmt.Errorf("store the recording: %w", err)
	}
	if a.Resumed && a.isAdaptive() {
		if err := a.readOutcomes(ctx); err != nil && !errors.Is(err, queue.ErrUnknown) {
			return fmt.Errorf("read the results: %w", err)
		}
		if _, err := a.extendPlan(ctx); err != nil {
			return err
		}
	}
	if err := a.announce(ctx); err != nil {
		return err
	}
	if err := a.storePlan(ctx, a.Resumed, "storing the plan"); err != nil {
		return err
	}
	if _, err = a.addReplicates(ctx); err != nil {
		return err
	}
	if a.Note == "" {
		planned, err := a.queue.Sweep(ctx, a.id)
		if err != nil {
			return fmt.Errorf("read the note of the sweep: %w", err)
		}
		a.Note = planned.Note
	}
	return nil
}

// storePlan stores the prepared tasks. If they may be the stored ones, it compares them
// first. It reports the activity, unless that is "".
func (a *App) storePlan(ctx context.Context, compare bool, activity string) (err error) {
	s := queue.Sweep{
		ID: a.id, Name: a.prepared.Grid.Name, Grid: a.Grid,
		Numerics: sweep.Numerics, KernelClass: a.Kernel.Class,
		Note: a.Note, Recording: a.prepared.recording(), Limits: queue.Limits{Parallel: a.Parallel, Until: a.Until},
	}
	if compare { // with the digest, Plan recognises an unchanged plan
		if s.Digest, err = queue.Digest(a.prepared.tasks(ctx, "comparing the plan with the last one")); err != nil {
			return err
		}
	}
	if a.Revision, err = a.queue.Plan(ctx, s, a.prepared.tasks(ctx, activity)); err != nil {
		return fmt.Errorf("plan the sweep: %w", err)
	}
	a.Parallel = queue.KeepParallel // a revision by this run keeps what others set since
	return nil
}

// checkArithmetic refuses to resume a sweep with other numerics or another kernel class.
func (a *App) checkArithmetic(before queue.Sweep) error {
	if reason, with := queue.SweepMismatch(before.Arithmetic(), queue.ProgramArithmetic(a.Kernel.Class)); reason != "" {
		return folder.BadInput("the sweep in %s %s: resume it with %s, give another --out, or start anew with --recompute",
			a.folder, reason, with)
	}
	return nil
}

// publish writes the files with which others find the coordinator, and the grid.
func (a *App) publish() error {
	if a.host != nil {
		if err := a.host.Publish(); err != nil {
			return err
		}
		a.Notices = append(a.Notices, a.host.Warnings()...)
	} else if err := a.Coordinator.Save(a.folder.Path(folder.CoordinatorFile)); err != nil {
		return err
	}
	a.view = a.newView()
	run, err := a.prepared.Input.run()
	if err != nil {
		return err
	}
	return a.folder.WriteRun(run, a.prepared.Input.Grid)
}

// newView returns a view that writes all files of the folder again.
func (a *App) newView() *folder.View {
	s := folder.Sweep{ID: a.id, Grid: a.prepared.Grid, Plan: a.prepared.Plan, Selected: a.prepared.selected, Note: a.Note}
	return folder.NewView(a.folder, a.queue, s, a.Log.Named("output"))
}

// ID returns the ID of the sweep.
func (a *App) ID() string { return a.id }

// Folder returns the path of the output folder.
func (a *App) Folder() string { return string(a.folder) }

// Remote returns the addresses of the remote coordinator that runs the sweep, or nil if
// this process runs it.
func (a *App) Remote() []string {
	if a.host != nil {
		return nil
	}
	return a.Coordinator.Addresses
}

// Address returns the address on which the coordinator listens.
func (a *App) Address() string { return a.host.Address() }

// PageURL returns the address of the page for people, "" without a page.
func (a *App) PageURL() string { return a.host.PageURL() }

// PageNeedsToken reports whether readers of the page must present the operator's token.
func (a *App) PageNeedsToken() bool { return a.host.PageNeedsToken() }

// Advertised returns the addresses at which workers on other machines reach the
// coordinator, or nil if only this machine can.
func (a *App) Advertised() []string { return a.host.Advertised() }

// WorkerFile returns the path of the credentials for workers.
func (a *App) WorkerFile() string { return a.folder.Path(folder.WorkerFile) }

// OperatorFile returns the path of the credentials for operators.
func (a *App) OperatorFile() string { return a.folder.Path(folder.OperatorFile) }

// Prepared returns the grid with its tasks.
func (a *App) Prepared() *Prepared { return a.prepared }

// Levels summarises the results.csv that was written last.
func (a *App) Levels() []table.Level { return a.view.Levels() }

// Claims returns the paper's claims on the results.csv that was written last.
func (a *App) Claims() []table.Claim { return a.view.Claims() }

// Completeness describes the results.csv that was written last.
func (a *App) Completeness() table.Completeness { return a.view.Completeness() }

// Problems lists the files of the output folder that could not be written the last
// time, or not in their place, by name.
func (a *App) Problems() []folder.Problem { return a.view.Problems() }

// IntegrityErrors returns the stored results that differ from the accepted ones, in
// grid order. The tables omit their numbers.
func (a *App) IntegrityErrors() []folder.IntegrityError { return a.view.IntegrityErrors() }

// Warnings returns warnings about the results.
func (a *App) Warnings() []string { return a.view.Warnings() }

// Close releases the folder, the store and the address. It may be called more than
// once.
func (a *App) Close() error {
	var faults error
	if a.host != nil {
		faults = a.host.Close()
	}
	if a.client != nil {
		faults = errors.Join(faults, a.client.Close())
	}
	if a.lock != nil {
		faults = errors.Join(faults, a.lock.Close())
		a.lock = nil
	}
	return faults
}
