package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
)

// Place is the place of sweeps, for commands from other terminals: a running
// coordinator, or a store that no coordinator serves.
type Place struct {
	Out string // the output folder of a sweep, or the folder of a server; "": none
	// Store is the URL of a store, which is opened without a call to the coordinator of
	// the folder; "": the store that the folder records.
	Store string
	// Coordinator is called instead of that of the folder, unless it is the zero value.
	Coordinator credentials.File
}

// WorkerFile returns the path of the credentials for workers of the coordinator in the
// folder.
func (p Place) WorkerFile() string { return folder.Folder(p.Out).Path(folder.WorkerFile) }

// work is what a command does with a sweep and its queue.
type work func(ctx context.Context, q sweepQueue, s queue.Sweep) error

// read calls do, which must not change the sweep, with the running coordinator, or with
// the store if none runs. The sweep is given by its name or ID; "" stands for that of
// the folder, or the only one. read reports whether a coordinator runs.
func (p Place) read(ctx context.Context, name string, do work) (running bool, err error) {
	if _, err := p.sweep(name); err != nil {
		return false, err
	}
	running, err = p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, name, do)
	})
	if running || err != nil {
		return running, err
	}
	return false, p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, name, do) })
}

// write is read for changes.
func (p Place) write(ctx context.Context, name string, do work) error {
	if _, err := p.sweep(name); err != nil {
		return err
	}
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, name, do)
	})
	if running || err != nil {
		return err
	}
	if missing, err := folder.Folder(p.Out).Missing(); p.Store == "" && err == nil && missing == "" {
		lock, err := folder.Folder(p.Out).Lock()
		if err != nil {
			return &folder.InputError{Err: err}
		}
		defer lock.Close()
	}
	// Look for the sweep first: opening a missing store for writing would create it.
	look := func(context.Context, sweepQueue, queue.Sweep) error { return nil }
	if err := p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, name, look) }); err != nil {
		return err
	}
	return p.inStore(ctx, open, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, name, do) })
}

// with finds the sweep and calls do with it.
func (p Place) with(ctx context.Context, q sweepQueue, find func(context.Context, string) (queue.Sweep, error), name string, do work) error {
	meant, err := p.sweep(name)
	if err != nil {
		return err
	}
	s, err := find(ctx, meant)
	if errors.Is(err, queue.ErrUnknown) && name == "" && p.Out != "" && p.Coordinator.Token == "" {
		return p.absent(meant, err)
	}
	if err != nil {
		return err
	}
	return do(ctx, q, s)
}

// ask calls do with a client of the running coordinator, and reports whether one runs.
func (p Place) ask(ctx context.Context, do func(context.Context, *remote.Client) error) (running bool, err error) {
	file, isRemote, err := p.coordinator()
	if err != nil || file.Token == "" {
		return false, err
	}
	client, err := remote.New(file, 0)
	if err != nil {
		return false, &folder.InputError{Err: err}
	}
	defer client.Close()
	if file.Folder != nil && p.Coordinator.Token == "" && !isRemote && !folder.Folder(p.Out).Is(*file.Folder) {
		do = func(ctx context.Context, c *remote.Client) error {
			if _, err := c.Sweeps(ctx); err != nil {
				return err
			}
			return p.copied(file)
		}
	}
	err = do(ctx, client)
	switch {
	case errors.Is(err, queue.ErrUnavailable) && remote.Answered(err): // it runs, and its store is not available
		return true, &folder.InputError{Err: err}
	case errors.Is(err, queue.ErrUnavailable), errors.Is(err, remote.ErrRefused): // or another process has its address now
		if !isRemote {
			return false, nil
		}
		if unreachable := startAgain(err); unreachable != nil {
			return false, unreachable
		}
		return false, &folder.InputError{Err: err}
	case errors.As(err, new(*folder.InputError)):
		return true, err
	case errors.Is(err, queue.ErrUnknown), errors.Is(err, queue.ErrInvalid), errors.Is(err, queue.ErrMismatch):
		return true, &folder.InputError{Err: err}
	default:
		return true, err
	}
}

// copied reports that the folder is a copy of the one whose coordinator runs.
func (p Place) copied(file credentials.File) error {
	return folder.BadInput("output folder %s is a copy of %s on %s, whose coordinator is running: name that folder with --out, "+
		"or its coordinator with --coordinator %s; `%s` makes the copy a separate sweep",
		p.Out, file.Folder.Path, file.Folder.Host, folder.Folder(p.Out).Path(folder.OperatorFile), folder.CommandLine("coordinator", "--out", p.Out))
}

// coordinator returns the credentials of the coordinator to call, or the zero value. If
// the coordinator is remote, there is no store to read instead.
func (p Place) coordinator() (file credentials.File, isRemote bool, err error) {
	if p.Coordinator.Token != "" {
		return p.Coordinator, true, nil
	}
	if p.Store != "" {
		return credentials.File{}, false, nil // the coordinator of the folder may serve another store
	}
	if err := p.checkFolder(); err != nil {
		return credentials.File{}, false, err
	}
	file, err = folder.Folder(p.Out).Coordinator()
	if err != nil || file.Token != "" {
		return file, true, err
	}
	file, err = credentials.Load(folder.Folder(p.Out).Path(folder.OperatorFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return credentials.File{}, false, nil
	case err != nil:
		return credentials.File{}, false, &folder.InputError{Err: err}
	}
	return file, false, nil
}

// checkFolder refuses an output folder that is a file or that this user may not look into.
func (p Place) checkFolder() error {
	if p.Out == "" {
		return nil
	}
	_, err := folder.Folder(p.Out).Missing()
	return err
}

// sweep returns the name or ID of the sweep: the given one, else that of the folder,
// else "" for the only one of the coordinator or the store.
func (p Place) sweep(name string) (string, error) {
	if name != "" || p.Coordinator.Token != "" || p.Out == "" {
		return name, nil
	}
	if err := p.checkFolder(); err != nil {
		return "", err
	}
	id, err := folder.Folder(p.Out).Identity()
	if err != nil {
		return "", &folder.InputError{Err: err}
	}
	if f := folder.Folder(p.Out); id == "" && p.Store == "" && f.IsStarting() {
		return "", folder.BadInput("output folder %s: %w: follow it with `%s`; if no run has just started there, the last one was killed: start it again",
			located(p.Out), ErrStarting, folder.CommandLine("coordinator", "status", "--watch", "--out", p.Out))
	} else if id == "" && p.Store == "" && !f.Serves() && !f.LostIdentity() {
		return "", noSweep(f)
	}
	return id, nil
}

// ErrStarting reports that a run has taken an output folder and not yet planned its sweep.
var ErrStarting = errors.New("a run is still planning its sweep")

// noSweep explains that a folder holds no sweep: where that folder is, and which ones hold one.
func noSweep(f folder.Folder) error {
	remedy := "name another with --out"
	if near := similarPlaces(string(f)); len(near) > 0 {
		remedy = "did you mean --out " + strings.Join(near, ", or --out ") + "?"
	}
	return folder.BadInput("output folder %s: there is no sweep in it: %s", located(string(f)), remedy)
}

// located adds to a relative path where it leads to, which depends on the working directory.
func located(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil || absolute == filepath.Clean(path) {
		return path
	}
	return fmt.Sprintf("%s (that is %s)", path, absolute)
}

// maxPlaces is the largest number of folders that are proposed.
const maxPlaces = 3

// similarPlaces returns folders that hold a sweep and that a path to none may mean: the same path
// from a folder above the working directory, as when a user has changed into another folder; the
// end of the path from the working directory; otherwise the folders beside it, by name.
func similarPlaces(path string) []string {
	holds := func(path string) bool {
		f := folder.Folder(path)
		return f.Has(folder.IdentityFile) || f.Serves() && f.HasStore() // a folder of keys has no store
	}
	if !filepath.IsAbs(path) {
		parts := strings.Split(filepath.Clean(path), string(filepath.Separator))
		candidates := []string{filepath.Join("runs", path)}
		for i := 1; i < len(parts); i++ {
			candidates = append(candidates, filepath.Join(parts[i:]...))
		}
		directory, _ := filepath.Abs(".")
		for up := ".."; directory != filepath.Dir(directory); directory, up = filepath.Dir(directory), filepath.Join("..", up) {
			candidates = append(candidates, filepath.Join(up, path))
		}
		if i := slices.IndexFunc(candidates, holds); i >= 0 {
			return candidates[i : i+1]
		}
	}
	var beside []string
	entries, _ := os.ReadDir(filepath.Dir(filepath.Clean(path)))
	for _, entry := range entries {
		if other := filepath.Join(filepath.Dir(path), entry.Name()); entry.IsDir() && holds(other) && len(beside) < maxPlaces {
			beside = append(beside, other)
		}
	}
	return beside
}

// absent explains that the sweep of the folder, or any sweep, does not exist.
func (p Place) absent(id string, err error) error {
	switch f := folder.Folder(p.Out); {
	case id != "":
		return absentError(fmt.Sprintf("output folder %s: its sweep was deleted: run the grid again with --replace", p.Out))
	case f.Serves():
		submit := folder.CommandLine("coordinator", "--grid", "sweep.hcl", "--coordinator", f.Path(folder.OperatorFile))
		return absentError(fmt.Sprintf("folder %s: no sweep yet: submit one with `%s`", p.Out, submit))
	default:
		return err
	}
}

// absentError explains why a sweep does not exist. It is a queue.ErrUnknown.
type absentError string

func (e absentError) Error() string { return string(e) }

func (absentError) Unwrap() error { return queue.ErrUnknown }

// inStore opens the store and calls do with its queue.
func (p Place) inStore(ctx context.Context, open func(context.Context, string) (queue.Store, error), do func(*queue.Queue) error) error {
	url, err := folder.Folder(p.Out).StoreURL(p.Store)
	if err != nil {
		return err
	}
	s, err := open(ctx, url)
	if err != nil {
		return folder.Folder(p.Out).Unopened(p.Store, err)
	}
	err = errors.Join(do(queue.New(s, queue.Policy{})), s.Close())
	if errors.Is(err, queue.ErrUnknown) || errors.Is(err, queue.ErrInvalid) {
		return &folder.InputError{Err: err}
	}
	return err
}

func open(ctx context.Context, url string) (queue.Store, error) { return store.Open(ctx, url) }

func readOnly(ctx context.Context, url string) (queue.Store, error) {
	return store.OpenReadOnly(ctx, url)
}
