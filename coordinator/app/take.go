package app

import (
	"errors"
	"os"
	"path/filepath"
)

// takeFolder locks the folder and opens the address, if others are to call here.
// A folder that does not exist is created only once the address is known to be good.
func (a *App) takeFolder() error {
	missing, err := a.folder.missing()
	if err != nil {
		return badInput("output folder %s: %w", a.folder, err)
	}
	if missing == "" {
		if err := a.folder.spares(); err != nil {
			return err
		}
		if err := a.lockFolder(); err != nil {
			return err
		}
	}
	if a.host != nil {
		if err := a.host.openDoor(); err != nil {
			return err
		}
	}
	if missing == "" {
		return nil
	}
	a.created = missing
	return a.lockFolder()
}

func (a *App) lockFolder() error {
	lock, err := a.folder.lock()
	switch {
	case errors.Is(err, ErrInUse):
		return badInput("%w: see `%s`", err, CommandLine("coordinator", "status", "--out", a.Folder()))
	case err != nil:
		return &InputError{err}
	}
	a.lock = lock
	return nil
}

// undo leaves nothing of an Open that failed. A folder above the output folder
// may hold another sweep's by now: it goes only if it is empty.
func (a *App) undo() {
	ours := a.lock != nil
	_ = a.Close()
	if !ours || a.created == "" {
		return
	}
	path := filepath.Clean(string(a.folder))
	fault := os.RemoveAll(path)
	for path != a.created && fault == nil {
		path = filepath.Dir(path)
		fault = os.Remove(path)
	}
}
