package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
)

// Place is where sweeps live, for commands from another terminal: with a
// coordinator that runs, or in a store that none serves.
type Place struct {
	Out string // the output folder of a sweep, or the folder of `serve`; "": none
	// Store is the URL of a store, which is opened without asking the folder's
	// coordinator; "": the store that the folder was run with.
	Store string
	// Coordinator is asked instead of the folder's own; the zero value means the
	// one that the folder knows.
	Coordinator credentials.File
}

// WorkerFile is the file with which a worker finds the coordinator that serves
// from the folder.
func (p Place) WorkerFile() string { return folder(p.Out).path(workerFile) }

// task is what a command does with whoever keeps the sweep that it is about.
type task func(ctx context.Context, k keeper, s queue.Sweep) error

// read does what changes nothing: at the coordinator that runs there, or in the
// store if none does. word names the sweep, by its ID or its name; "": the folder's,
// or the only one.
func (p Place) read(ctx context.Context, word string, do task) (running bool, err error) {
	if _, err := p.sweep(word); err != nil {
		return false, err
	}
	running, err = p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, word, do)
	})
	if running || err != nil {
		return running, err
	}
	return false, p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, word, do) })
}

// write does what changes something, likewise.
func (p Place) write(ctx context.Context, word string, do task) error {
	if _, err := p.sweep(word); err != nil {
		return err
	}
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, word, do)
	})
	if running || err != nil {
		return err
	}
	if missing, err := folder(p.Out).missing(); p.Store == "" && err == nil && missing == "" {
		lock, err := folder(p.Out).lock()
		if err != nil {
			return &InputError{err}
		}
		defer lock.Close()
	}
	// Opened to be written, a store that is not there would be created.
	look := func(context.Context, keeper, queue.Sweep) error { return nil }
	if err := p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, word, look) }); err != nil {
		return err
	}
	return p.inStore(ctx, open, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, word, do) })
}

// with does something with the sweep that is meant, which it looks for first.
func (p Place) with(ctx context.Context, k keeper, find func(context.Context, string) (queue.Sweep, error), word string, do task) error {
	meant, err := p.sweep(word)
	if err != nil {
		return err
	}
	s, err := find(ctx, meant)
	if errors.Is(err, queue.ErrUnknown) && word == "" && p.Out != "" && p.Coordinator.Token == "" {
		return p.absent(meant, err)
	}
	if err != nil {
		return err
	}
	return do(ctx, k, s)
}

// ask calls the coordinator that keeps the sweeps. It says whether one runs.
func (p Place) ask(ctx context.Context, do func(context.Context, *remote.Client) error) (running bool, err error) {
	file, elsewhere, err := p.coordinator()
	if err != nil || file.Token == "" {
		return false, err
	}
	client, err := remote.New(file, 0)
	if err != nil {
		return false, &InputError{err}
	}
	defer client.Close()
	if file.Folder != nil && p.Coordinator.Token == "" && !elsewhere && !isFolder(p.Out, *file.Folder) {
		do = func(ctx context.Context, c *remote.Client) error {
			if _, err := c.Sweeps(ctx); err != nil {
				return err
			}
			return p.copied(file)
		}
	}
	err = do(ctx, client)
	switch {
	case errors.Is(err, queue.ErrUnavailable) && remote.Answered(err): // it has the store, which is unwell
		return true, &InputError{err}
	case errors.Is(err, queue.ErrUnavailable), errors.Is(err, remote.ErrRefused): // or it is somebody else's by now
		if !elsewhere {
			return false, nil
		}
		return false, &InputError{err}
	case errors.As(err, new(*InputError)):
		return true, err
	case errors.Is(err, queue.ErrUnknown), errors.Is(err, queue.ErrInvalid), errors.Is(err, queue.ErrMismatch):
		return true, &InputError{err}
	default:
		return true, err
	}
}

// copied refuses to ask the coordinator of another folder than the one that is named.
func (p Place) copied(file credentials.File) error {
	return badInput("output folder %s is a copy of %s on %s, whose coordinator is running: name that folder with --out, "+
		"or its coordinator with --coordinator %s, if that is the one you mean; `%s` makes a sweep of its own of the copy",
		p.Out, file.Folder.Path, file.Folder.Host, folder(p.Out).path(operatorFile), CommandLine("coordinator", "--out", p.Out))
}

// coordinator is whom to ask: without a token, nobody. If it is elsewhere, there
// is no store of which it could be asked instead.
func (p Place) coordinator() (file credentials.File, elsewhere bool, err error) {
	if p.Coordinator.Token != "" {
		return p.Coordinator, true, nil
	}
	if p.Store != "" {
		return credentials.File{}, false, nil // the folder's coordinator may keep another
	}
	file, err = folder(p.Out).coordinator()
	if err != nil || file.Token != "" {
		return file, true, err
	}
	file, err = credentials.Load(folder(p.Out).path(operatorFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return credentials.File{}, false, nil
	case err != nil:
		return credentials.File{}, false, &InputError{err}
	}
	return file, false, nil
}

// sweep is what is meant: the word, else the folder's sweep, else the only one
// of the coordinator or the store.
func (p Place) sweep(word string) (string, error) {
	if word != "" || p.Coordinator.Token != "" || p.Out == "" {
		return word, nil
	}
	id, err := folder(p.Out).identity()
	if err != nil {
		return "", &InputError{err}
	}
	if id == "" && p.Store == "" && !folder(p.Out).serves() && !folder(p.Out).lostIdentity() {
		return "", badInput("output folder %s: there is no sweep in it: name the folder with --out", p.Out)
	}
	return id, nil
}

// absent explains that the folder's sweep, or the only one, is not there.
func (p Place) absent(id string, err error) error {
	switch f := folder(p.Out); {
	case id != "":
		return absentError(fmt.Sprintf("output folder %s: its sweep is not there any more: it was forgotten: run the grid again with --replace", p.Out))
	case f.serves():
		submit := CommandLine("coordinator", "--grid", "sweep.hcl", "--coordinator", f.path(operatorFile))
		return absentError(fmt.Sprintf("folder %s: no sweep yet: submit one with `%s`", p.Out, submit))
	default:
		return err
	}
}

// absentError says to a person why a sweep is not there: it is a queue.ErrUnknown.
type absentError string

func (e absentError) Error() string { return string(e) }

func (absentError) Unwrap() error { return queue.ErrUnknown }

// inStore works on the store without a coordinator.
func (p Place) inStore(ctx context.Context, open func(context.Context, string) (queue.Store, error), work func(*queue.Queue) error) error {
	url, err := folder(p.Out).storeURL(p.Store)
	if err != nil {
		return err
	}
	s, err := open(ctx, url)
	if err != nil {
		return &InputError{fmt.Errorf("open the store: %w", err)}
	}
	err = errors.Join(work(queue.New(s, queue.Policy{})), s.Close())
	if errors.Is(err, queue.ErrUnknown) || errors.Is(err, queue.ErrInvalid) {
		return &InputError{err}
	}
	return err
}

func open(ctx context.Context, url string) (queue.Store, error) { return store.Open(ctx, url) }

func readOnly(ctx context.Context, url string) (queue.Store, error) {
	return store.OpenReadOnly(ctx, url)
}
