package app

import (
	"io"

	"spiqsweep/coordinator/service"
	"spiqsweep/sweep"
)

// publish writes what others need to find the coordinator, and the grid as it is run.
func (a *App) publish() (err error) {
	if a.keys, err = a.Reach.keys(a.folder, a.listener.Addr()); err != nil {
		return err
	}
	if a.Insecure && a.remote() {
		a.Notices = append(a.Notices, "insecure: calls are plain text, so whoever is on the network in between can read the tokens, "+
			"take tasks and send results: only where nobody else is")
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

// server makes the door of this coordinator.
func (a *App) server() *service.Server {
	return service.New(service.Config{
		Queue: a.queue, Sweep: a.id,
		WorkerToken: a.keys.worker.Token, OperatorToken: a.keys.operator.Token, TLS: a.keys.tls,
		Numerics: sweep.Numerics, KernelClass: a.Kernel.Class,
		Log: a.Log.Named("service"),
	})
}
