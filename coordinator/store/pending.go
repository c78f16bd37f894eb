package store

import (
	"context"

	"spiqsweep/coordinator/queue"
)

// pending is a call that waits for its answer.
type pending struct {
	ctx    context.Context
	call   func(queue.Tx) error
	writes bool
	answer chan error // buffered: the writer never waits for a caller
	rings  bool       // the bell, once it is committed
	plans  bool       // it stored a sweep
	panic  error      // of the call, to be raised in its caller
}

func (s *sqliteStore) Update(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(&pending{ctx: ctx, call: call, writes: true, answer: make(chan error, 1)})
}

func (s *sqliteStore) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(&pending{ctx: ctx, call: call, answer: make(chan error, 1)})
}

func (s *sqliteStore) submit(p *pending) error {
	select {
	case <-s.closing:
		return errClosed
	default:
	}
	select {
	case s.calls <- p:
	case <-p.ctx.Done():
		return p.ctx.Err()
	case <-s.closing:
		return errClosed
	}
	select {
	case err := <-p.answer:
		if p.panic != nil {
			panic(p.panic)
		}
		return err
	case <-p.ctx.Done():
		return p.ctx.Err()
	case <-s.finished:
		select {
		case err := <-p.answer: // answered just before the end
			return err
		default:
			return errClosed
		}
	}
}

func answer(calls []*pending, err error) {
	for _, p := range calls {
		p.answer <- err
	}
}
