package host

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
)

// DefaultServerFolder is the default folder of a Server.
const DefaultServerFolder = "runs/serve"

// lockTimeout is how long a Server waits for the lock of its folder.
const lockTimeout = 5 * time.Second

// ServerConfig configures a Server.
type ServerConfig struct {
	Options
	Out         string // the folder of its keys and, by default, its store; "": DefaultServerFolder
	KernelClass string // of its workers
}

// Server is a coordinator without a grid: it serves all sweeps of a store,
// also those that are submitted later. Several may serve one store, from folders with
// the same keys.
type Server struct {
	ServerConfig
	Notices []string // for the user

	host *Host
}

// OpenServer checks the configuration, opens the address and the store, and writes the
// keys. The caller must close the Server.
func OpenServer(ctx context.Context, c ServerConfig) (_ *Server, err error) {
	if c.Out == "" {
		c.Out = DefaultServerFolder
	}
	f := folder.Folder(c.Out)
	s := &Server{ServerConfig: c, host: New(c.Options, f, c.KernelClass)}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if missing, err := f.Missing(); err != nil {
		return nil, err
	} else if missing == "" {
		if err := f.CheckForeignServer(); err != nil {
			return nil, err
		}
	}
	if err := s.host.Listen(); err != nil {
		return nil, err
	}
	// Other servers write the keys of this folder too, and hold the lock for a moment.
	lock, err := f.LockWithin(ctx, lockTimeout)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	url, err := f.StoreURL(c.Store)
	if err != nil {
		return nil, err
	}
	if f.StoreSource(c.Store) != "" && !store.Shared(url) {
		if err := refuseMissing(ctx, f, url); err != nil {
			return nil, err
		}
	}
	s.host.suffix = workerSuffix(f, url, s.Address())
	if err := s.host.OpenStore(ctx); err != nil {
		return nil, err
	}
	f.RemoveDrafts()
	s.host.Shared = store.Shared(url) // else the last coordinator of the store has ended
	if err := s.host.Publish(); err != nil {
		return nil, err
	}
	s.Notices = s.host.Warnings()
	return s, nil
}

// refuseMissing refuses an SQLite store that the folder names and that does not exist:
// OpenStore would create an empty one.
func refuseMissing(ctx context.Context, f folder.Folder, url string) error {
	s, err := store.OpenReadOnly(ctx, url)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.Unopened("", err)
	case err != nil:
		return nil //nolint:nilerr // OpenStore reports it, or migrates the store
	}
	return s.Close()
}

// Run serves until ctx ends, then has the local workers hand back their tasks. It may
// be called once.
func (s *Server) Run(ctx context.Context) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	s.host.Start(serving, services, "", s.Local)
	select {
	case <-ctx.Done():
	case <-serving.Done():
	}
	s.host.Stop()
	stop()
	fault := services.Wait()
	s.withdraw(context.WithoutCancel(ctx))
	if fault != nil && !errors.Is(fault, context.Canceled) {
		return fault
	}
	return nil
}

// withdraw removes this server's addresses from the folder, for the other coordinators
// of the store.
func (s *Server) withdraw(ctx context.Context) {
	if !s.host.Shared {
		return
	}
	lock, err := s.host.folder.LockWithin(ctx, lockTimeout)
	if err == nil {
		err = errors.Join(s.host.withdraw(s.host.folder, s.host.listener.Addr()), lock.Close())
	}
	if err != nil {
		s.Log.Warn("the folder still names this coordinator", "folder", s.Out, "error", err)
	}
}

// Address returns the address on which the server listens.
func (s *Server) Address() string { return s.host.Address() }

// PageURL returns the address of the page for people, "" without a page.
func (s *Server) PageURL() string { return s.host.PageURL() }

// PageNeedsToken reports whether readers of the page must present the operator's token.
func (s *Server) PageNeedsToken() bool { return s.host.PageNeedsToken() }

// Addresses returns the addresses at which workers reach the coordinators of the store.
func (s *Server) Addresses() []string { return s.host.keys.worker.Addresses }

// WorkerFile returns the path of the credentials for workers.
func (s *Server) WorkerFile() string { return s.host.folder.Path(folder.WorkerFile) }

// OperatorFile returns the path of the credentials for operators.
func (s *Server) OperatorFile() string { return s.host.folder.Path(folder.OperatorFile) }

// Sweeps returns the sweeps of the store that the workers of this server can compute,
// and the others.
func (s *Server) Sweeps(ctx context.Context) (served, others []queue.Summary, err error) {
	all, err := s.host.queue.Sweeps(ctx)
	for _, one := range all {
		if one.Arithmetic() == queue.ProgramArithmetic(s.KernelClass) {
			served = append(served, one)
		} else {
			others = append(others, one)
		}
	}
	return served, others, err
}

// Close releases the address and the store. It may be called more than once.
func (s *Server) Close() error { return s.host.Close() }
