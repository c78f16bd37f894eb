package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// App is a sweep that has its folder, its plan and someone who keeps its queue:
// this coordinator, or one elsewhere.
type App struct {
	Config
	Revision queue.Revision // what the plan changed
	Notices  []string       // about the recording and the grid, for a person to read
	Resumed  bool           // the folder had this sweep before

	prepared *Prepared
	id       string
	folder   folder
	created  string    // the topmost folder that Open made; "" if the output folder was there
	lock     io.Closer // of the folder, while it is ours
	keeper   keeper
	host     *host          // of the queue, if it is this coordinator
	client   *remote.Client // of the queue, if it is elsewhere
	view     *view
}

// Open checks everything, then takes the output folder and the store (or calls
// the coordinator that keeps the sweep) and plans the sweep. What it returns must
// be closed. If it fails, a folder that it made is gone again.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Input, err = c.Resume(c.Out); err != nil {
		return nil, err
	}
	prepared, err := Prepare(ctx, c.Input)
	if err != nil {
		return nil, err
	}
	a := &App{Config: c, prepared: prepared, Notices: prepared.Notices, folder: folder(c.Out)}
	if c.Out == "" {
		a.folder = defaultFolder(prepared.Grid)
	}
	defer func() {
		if err != nil {
			a.undo()
		}
	}()
	if err := a.chooseKeeper(); err != nil {
		return nil, err
	}
	if err := a.takeFolder(); err != nil {
		return nil, err
	}
	if err := a.survey(ctx); err != nil {
		return nil, err
	}
	a.folder.removeDrafts()
	if a.host != nil {
		if err := a.host.openStore(ctx); err != nil {
			return nil, err
		}
		a.keeper = a.host.queue
	}
	if err := a.plan(ctx); err != nil {
		return nil, a.fixable(err)
	}
	if err := a.publish(); err != nil {
		return nil, err
	}
	return a, nil
}

// Folder is the output folder.
func (a *App) Folder() string { return string(a.folder) }

// Elsewhere are the addresses of the coordinator that keeps the sweep; none if
// it is this one.
func (a *App) Elsewhere() []string {
	if a.host != nil {
		return nil
	}
	return a.Coordinator.Addresses
}

// Address is where the coordinator listens.
func (a *App) Address() string { return a.host.address() }

// Advertised are the addresses where workers elsewhere find it; none if it is to
// be found on this machine alone.
func (a *App) Advertised() []string { return a.host.advertised() }

// WorkerFile is the file with which a worker finds this coordinator.
func (a *App) WorkerFile() string { return a.folder.path(workerFile) }

// Prepared is the grid with its tasks.
func (a *App) Prepared() *Prepared { return a.prepared }

// plan makes the prepared tasks the folder's sweep, or its newest revision.
func (a *App) plan(ctx context.Context) error {
	if a.id != "" && a.Recompute {
		// First of all: a sweep that stayed behind would keep its tasks open.
		if err := a.keeper.Delete(ctx, a.id); err != nil && !errors.Is(err, queue.ErrUnknown) {
			return err
		}
		a.id = ""
	}
	if a.Resumed = a.id != ""; !a.Resumed {
		a.id = uuid.NewString()
	}
	if named, err := a.folder.identity(); err != nil || named != a.id {
		if err := a.folder.setIdentity(a.id); err != nil {
			return err
		}
	}
	err := a.prepared.data.encode(ctx, func(digest string, body []byte) error {
		return a.keeper.PutRecording(ctx, digest, body)
	})
	if err != nil {
		return fmt.Errorf("store the recording: %w", err)
	}
	s := queue.Sweep{
		ID: a.id, Name: a.prepared.Grid.Name, Grid: a.Grid,
		Numerics: sweep.Numerics, KernelClass: a.Kernel.Class,
	}
	if a.Resumed { // as a rule with the same plan
		if s.Digest, err = queue.Digest(a.prepared.tasks()); err != nil {
			return err
		}
	}
	if a.Revision, err = a.keeper.Plan(ctx, s, a.prepared.tasks()); err != nil {
		return fmt.Errorf("plan the sweep: %w", err)
	}
	return nil
}

// checkNumbers refuses to mix numbers of two kinds in one sweep.
func (a *App) checkNumbers(before queue.Sweep) error {
	switch {
	case before.Numerics != sweep.Numerics:
		return badInput("the sweep in %s was computed with numerics %d, and this program computes with %d: "+
			"go on with the program that began it, give another --out, or begin anew with --recompute",
			a.folder, before.Numerics, sweep.Numerics)
	case before.KernelClass != a.Kernel.Class:
		return badInput("the sweep in %s is of kernel class %s, and this would be %s: "+
			"go on with --kernel %s, give another --out, or begin anew with --recompute",
			a.folder, before.KernelClass, a.Kernel.Class, before.KernelClass)
	}
	return nil
}

// Levels sum up the results.csv that was written last.
func (a *App) Levels() []table.Level { return a.view.levels }

// Problems are the files of the output folder that could not be written the last
// time, or not in their place, by name.
func (a *App) Problems() []Problem { return a.view.problems.list() }

// Completeness is the proof beside it.
func (a *App) Completeness() table.Completeness { return a.view.completeness }

// Close lets go of everything. It may be called more than once.
func (a *App) Close() error {
	var faults error
	if a.host != nil {
		faults = a.host.close()
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
