package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// operateTimeout bounds a command's call to a running coordinator.
const operateTimeout = 10 * time.Second

// Place is where a sweep lives, for commands from another terminal.
type Place struct {
	Out   string // the output folder
	Store string // URL of the store; "": the SQLite file in the output folder
}

// Status asks the coordinator that runs there, or reads the store if none does.
func (p Place) Status(ctx context.Context) (answer *spiqsweepv1.GetStatusResponse, running bool, err error) {
	if _, err := p.sweep(); err != nil {
		return nil, false, err
	}
	answer, running, err = p.Ask(ctx)
	if running || err != nil {
		return answer, running, err
	}
	err = p.inStore(ctx, readOnly, func(q *queue.Queue, sweep string) error {
		status, err := q.Status(ctx, sweep)
		answer = wire.WriteStatus(status)
		return err
	})
	return answer, false, err
}

// Ask asks the coordinator that runs there, if one does.
func (p Place) Ask(ctx context.Context) (answer *spiqsweepv1.GetStatusResponse, running bool, err error) {
	running, err = p.call(ctx, func(ctx context.Context, c spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = c.GetStatus(ctx, &spiqsweepv1.GetStatusRequest{})
		return err
	})
	return answer, running, err
}

// Retry reopens tasks, all that were set aside if none is named: through the
// coordinator that runs there, or in the store if none does.
func (p Place) Retry(ctx context.Context, tasks []sweep.TaskID, diverged bool) (reopened int, err error) {
	if _, err := p.sweep(); err != nil {
		return 0, err
	}
	running, err := p.call(ctx, func(ctx context.Context, c spiqsweepv1.OperatorServiceClient) error {
		request := &spiqsweepv1.RetryRequest{Diverged: diverged}
		for _, task := range tasks {
			request.Tasks = append(request.Tasks, string(task))
		}
		answer, err := c.Retry(ctx, request)
		reopened = int(answer.GetReopened())
		return err
	})
	if running || err != nil {
		return reopened, err
	}
	lock, err := folder(p.Out).lock()
	if err != nil {
		return 0, &InputError{err}
	}
	defer lock.Close()
	// Opened to be written, a store that is not there would be created.
	if err := p.inStore(ctx, readOnly, known(ctx)); err != nil {
		return 0, err
	}
	err = p.inStore(ctx, open, func(q *queue.Queue, id string) error {
		reopened, err = q.Retry(ctx, queue.RetryRequest{Selection: queue.Selection{Sweep: id, Tasks: tasks}, Diverged: diverged})
		return err
	})
	return reopened, err
}

// known checks that the store has the folder's sweep.
func known(ctx context.Context) func(*queue.Queue, string) error {
	return func(q *queue.Queue, sweep string) error {
		_, err := q.Sweep(ctx, sweep)
		return err
	}
}

// finished are the tasks that the folder's sweep has done: none if there is no
// sweep yet.
func (p Place) finished(ctx context.Context) (map[sweep.TaskID]bool, error) {
	if id, err := folder(p.Out).identity(); err != nil || id == "" {
		return nil, err
	}
	done := map[sweep.TaskID]bool{}
	err := p.inStore(ctx, readOnly, func(q *queue.Queue, id string) error {
		for row, err := range q.Rows(ctx, id) {
			if errors.Is(err, queue.ErrUnknown) {
				return nil // named, but never planned
			}
			if err != nil {
				return err
			}
			done[row.Task.ID] = row.State == sweep.Done
		}
		return nil
	})
	return done, err
}

// sweep is the folder's sweep; a folder without one is bad input.
func (p Place) sweep() (string, error) {
	id, err := folder(p.Out).identity()
	if err != nil {
		return "", &InputError{err}
	}
	if id == "" {
		return "", badInput("output folder %s: there is no sweep in it: name the folder with --out", p.Out)
	}
	return id, nil
}

// call calls the coordinator of the folder. It says whether one runs.
func (p Place) call(ctx context.Context, do func(context.Context, spiqsweepv1.OperatorServiceClient) error) (running bool, err error) {
	file, err := credentials.Load(folder(p.Out).path(operatorFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, &InputError{err}
	}
	connection, err := file.Dial(file.Addresses[0])
	if err != nil {
		return false, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, operateTimeout)
	defer cancel()
	err = do(ctx, spiqsweepv1.NewOperatorServiceClient(connection))
	switch status.Code(err) {
	case codes.OK:
		return true, nil
	case codes.Unavailable, codes.Unauthenticated: // nobody listens there, or somebody else's coordinator by now
		return false, nil
	case codes.NotFound, codes.InvalidArgument:
		return true, badInput("%s", status.Convert(err).Message())
	default:
		return true, fmt.Errorf("ask the coordinator at %s: %w", file.Addresses[0], err)
	}
}

// inStore works on the store without a coordinator.
func (p Place) inStore(ctx context.Context, open func(context.Context, string) (queue.Store, error), work func(*queue.Queue, string) error) error {
	id, err := p.sweep()
	if err != nil {
		return err
	}
	url := p.Store
	if url == "" {
		url = folder(p.Out).path(storeFile)
	}
	s, err := open(ctx, url)
	if err != nil {
		return &InputError{fmt.Errorf("open the store: %w", err)}
	}
	err = errors.Join(work(queue.New(s, queue.Policy{}), id), s.Close())
	if errors.Is(err, queue.ErrUnknown) {
		return &InputError{err}
	}
	return err
}

func open(ctx context.Context, url string) (queue.Store, error) { return store.Open(ctx, url) }

func readOnly(ctx context.Context, url string) (queue.Store, error) {
	return store.OpenReadOnly(ctx, url)
}
