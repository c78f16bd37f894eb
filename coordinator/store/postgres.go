package store

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"spiqsweep/coordinator/queue"
)

// postgresStore is one coordinator's connections to a database.
type postgresStore struct {
	*bell
	pool     *pgxpool.Pool
	place    string           // of the database, for people
	name     string           // of this store among those of the database, random
	now      func() time.Time // nil: the database's clock
	writable bool
	close    func() error // Close, once

	mu     sync.Mutex
	closed bool           // guarded by mu
	busy   sync.WaitGroup // calls and the listener; none is added once closed is set
}

func (s *postgresStore) Update(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(ctx, call, s.writable)
}

func (s *postgresStore) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(ctx, call, false)
}

// submit runs a call on a connection of its own, in a goroutine, so that the
// caller's context ends the waiting and never cuts a statement or a commit.
func (s *postgresStore) submit(ctx context.Context, call func(queue.Tx) error, writes bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.enter() {
		return errClosed
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		s.busy.Done()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault(s.place, "connect to", err)
	}
	answer := make(chan outcome, 1)
	go func() {
		defer s.busy.Done()
		defer conn.Release()
		answer <- s.insist(ctx, conn.Conn(), call, writes)
	}()
	select {
	case o := <-answer:
		if o.panic != nil {
			panic(o.panic)
		}
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter begins a call unless the store is closed.
func (s *postgresStore) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.busy.Add(1)
	}
	return !s.closed
}

// maxTries bounds how often a transaction is begun again that PostgreSQL has
// rolled back because of another.
const maxTries = 8

// insist runs a call until no other transaction is in its way.
func (s *postgresStore) insist(ctx context.Context, conn *pgx.Conn, call func(queue.Tx) error, writes bool) outcome {
	for try := 1; ; try++ {
		o := s.transact(conn, call, writes)
		if o.err == nil || !inTheWay(o.err) || try == maxTries {
			return o
		}
		select {
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)):
		case <-ctx.Done():
			return outcome{err: ctx.Err()}
		}
	}
}

// transact runs a call in one transaction.
func (s *postgresStore) transact(conn *pgx.Conn, call func(queue.Tx) error, writes bool) (o outcome) {
	tx := s.begin(conn, writes)
	o = protect(call, tx)
	if o.err == nil {
		o.err = tx.commit()
	}
	if o.err != nil {
		tx.rollBack()
		return o
	}
	if tx.announced {
		s.ring()
	}
	return o
}

func (s *postgresStore) Close() error { return s.close() }

// shut waits for the calls that are under way, then cuts the connections.
func (s *postgresStore) shut(hush func()) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	hush()
	s.busy.Wait()
	s.pool.Close()
	return nil
}
