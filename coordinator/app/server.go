package app

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
)

// DefaultServerFolder is where a coordinator without a grid keeps its keys.
const DefaultServerFolder = "runs/serve"

// ServerConfig is all that a coordinator without a grid of its own needs to know.
type ServerConfig struct {
	Hosting
	Out         string // the folder of its keys and, by default, of its store; "": DefaultServerFolder
	KernelClass string // of what its workers compute
}

// Server is a coordinator without a grid of its own: it serves all sweeps of a
// store, those that are there and those that are submitted. Several may serve
// one store, from folders with the same keys.
type Server struct {
	ServerConfig
	Notices []string // for a person to read

	host *host
}

// OpenServer checks everything, opens the address and the store, and writes the
// keys. What it returns must be closed.
func OpenServer(ctx context.Context, c ServerConfig) (_ *Server, err error) {
	if c.Out == "" {
		c.Out = DefaultServerFolder
	}
	s := &Server{ServerConfig: c, host: &host{Hosting: c.Hosting, folder: folder(c.Out), class: c.KernelClass}}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if missing, err := s.host.folder.missing(); err != nil {
		return nil, badInput("folder %s: %w", c.Out, err)
	} else if missing == "" {
		if err := s.host.folder.checkForeignServer(); err != nil {
			return nil, err
		}
	}
	if err := s.host.openDoor(); err != nil {
		return nil, err
	}
	// Others that serve from this folder write its keys, too, but none for long.
	lock, err := s.host.folder.lockWithin(ctx, patience)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	url, err := s.host.folder.storeURL(c.Store)
	if err != nil {
		return nil, err
	}
	s.host.kinship = kinshipOf(s.host.folder, url, s.Address())
	if err := s.host.openStore(ctx); err != nil {
		return nil, err
	}
	s.host.folder.removeDrafts()
	s.host.Beside = store.Shared(url) // else whoever was there before has ended
	if err := s.host.publish(); err != nil {
		return nil, err
	}
	s.Notices = s.host.warnings()
	return s, nil
}

// Run serves until ctx ends; then local workers hand back what they hold. It is
// called once.
func (s *Server) Run(ctx context.Context) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	s.host.start(serving, services, "", s.Local)
	select {
	case <-ctx.Done():
	case <-serving.Done():
	}
	s.host.stop()
	stop()
	fault := services.Wait()
	s.withdraw(context.WithoutCancel(ctx))
	if fault != nil && !errors.Is(fault, context.Canceled) {
		return fault
	}
	return nil
}

// withdraw leaves the folder's files to the other coordinators of the store.
func (s *Server) withdraw(ctx context.Context) {
	if !s.host.Beside {
		return
	}
	lock, err := s.host.folder.lockWithin(ctx, patience)
	if err == nil {
		err = errors.Join(s.host.withdraw(s.host.folder, s.host.listener.Addr()), lock.Close())
	}
	if err != nil {
		s.Log.Warn("the folder still names this coordinator", "folder", s.Out, "error", err)
	}
}

// Address is where the coordinator listens.
func (s *Server) Address() string { return s.host.address() }

// Addresses are where workers find the coordinators of the store.
func (s *Server) Addresses() []string { return s.host.keys.worker.Addresses }

// WorkerFile and OperatorFile are the files with which workers and the commands
// of a person find the coordinators of the store.
func (s *Server) WorkerFile() string { return s.host.folder.path(workerFile) }

// OperatorFile is described with WorkerFile.
func (s *Server) OperatorFile() string { return s.host.folder.path(operatorFile) }

// Sweeps are those of the store: the ones whose numbers the workers of this
// coordinator compute, and the ones that it cannot serve.
func (s *Server) Sweeps(ctx context.Context) (served, others []queue.Summary, err error) {
	all, err := s.host.queue.Sweeps(ctx)
	for _, one := range all {
		if one.KernelClass == s.KernelClass && one.Numerics == sweep.Numerics {
			served = append(served, one)
		} else {
			others = append(others, one)
		}
	}
	return served, others, err
}

// Close lets go of everything. It may be called more than once.
func (s *Server) Close() error { return s.host.close() }
