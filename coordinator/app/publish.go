package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
)

// publish writes what others need to find the coordinator, and the grid as it is run.
func (a *App) publish() error {
	var err error
	if a.worker, err = a.credentials(workerFile, credentials.Worker); err != nil {
		return err
	}
	if a.operator, err = a.credentials(operatorFile, credentials.Operator); err != nil {
		return err
	}
	a.view = &view{
		folder: a.folder, queue: a.queue, sweep: a.id, prepared: a.prepared,
		log: a.Log.Named("output"), known: map[sweep.TaskID]finished{},
	}
	return a.folder.write(gridFile, func(w io.Writer) error {
		_, err := w.Write(a.prepared.asRun())
		return err
	})
}

// credentials keeps the token that the folder has for a role, so that workers
// which outlived a coordinator find the next one, and says where it listens now.
func (a *App) credentials(name, role string) (credentials.File, error) {
	file, err := credentials.Load(a.folder.path(name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		file = credentials.File{Role: role, Token: credentials.NewToken()}
	case err != nil:
		return credentials.File{}, &InputError{fmt.Errorf("%w: delete the file to have a new one made", err)}
	case file.Role != role:
		return credentials.File{}, badInput("%s is of the role %q: delete the file to have a new one made", a.folder.path(name), file.Role)
	}
	file = file.At(a.Address())
	return file, file.Save(a.folder.path(name))
}

// server makes the door of this coordinator.
func (a *App) server() *service.Server {
	return service.New(service.Config{
		Queue: a.queue, Sweep: a.id,
		WorkerToken: a.worker.Token, OperatorToken: a.operator.Token,
		Numerics: sweep.Numerics, KernelClass: a.Kernel.Class,
		Log: a.Log.Named("service"),
	})
}
