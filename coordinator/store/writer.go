package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"spiqsweep/coordinator/queue"
)

// How much one commit may carry, and how long it may gather: the calls in it
// wait for each other.
const (
	maxCalls = 512
	maxTime  = 50 * time.Millisecond
)

// sqliteStore owns the one connection to a file. All but its channels belongs
// to the goroutine of run, the writer.
type sqliteStore struct {
	*bell
	calls    chan *pending // to the writer
	closing  chan struct{} // closed by Close
	finished chan struct{} // closed by the writer when it ends
	close    func() error  // Close, once

	db         *sql.DB
	conn       *sql.Conn
	path       string
	now        func() time.Time
	writable   bool
	gather     time.Duration        // maxTime, but for tests
	statements map[string]*sql.Stmt // prepared, by their text
}

// pending is a call that waits for its answer.
type pending struct {
	ctx    context.Context
	call   func(queue.Tx) error
	writes bool
	answer chan error // buffered: the writer never waits for a caller
	rings  bool       // the bell, once it is committed
	panic  error      // of the call, to be raised in its caller
}

func start(ctx context.Context, db *sql.DB, path string, o options, writable bool) (queue.Store, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, refuse(db, path, err)
	}
	s := &sqliteStore{
		bell:  newBell(),
		calls: make(chan *pending, maxCalls), closing: make(chan struct{}), finished: make(chan struct{}),
		db: db, conn: conn, path: path, now: o.clock(), writable: writable, gather: maxTime, statements: map[string]*sql.Stmt{},
	}
	s.close = sync.OnceValue(s.shut)
	go s.run()
	return s, nil
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

func (s *sqliteStore) Close() error { return s.close() }

// shut lets the writer finish, then closes the file. A statement that were left
// open would keep the lock.
func (s *sqliteStore) shut() error {
	close(s.closing)
	<-s.finished
	var faults error
	for _, stmt := range s.statements {
		faults = errors.Join(faults, stmt.Close())
	}
	if s.writable {
		unsign(s.path)
	}
	return fault(s.path, "close", errors.Join(faults, s.conn.Close(), s.db.Close()))
}

// run is the writer.
func (s *sqliteStore) run() {
	defer close(s.finished)
	for {
		select {
		case p := <-s.calls:
			s.commit(p)
		case <-s.closing:
			return
		}
	}
}

// commit runs a call, and all that are waiting behind it, in one transaction.
func (s *sqliteStore) commit(p *pending) {
	began := time.Now()
	if err := s.exec(s.begin()); err != nil {
		p.answer <- fault(s.path, "begin a transaction in", err)
		return
	}
	var batch []*pending // that succeeded and wait for the commit
	tallies := map[tallyKey]tally{}
	for p != nil {
		if err, alive := s.attempt(p, tallies); !alive {
			s.abandon(append(batch, p), err)
			return
		} else if err != nil {
			p.answer <- err
		} else {
			batch = append(batch, p)
		}
		p = nil
		if len(batch) < maxCalls && time.Since(began) < s.gather {
			select {
			case p = <-s.calls:
			default:
			}
		}
	}
	err := s.transaction(tallies, true).flush()
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		s.abandon(batch, fault(s.path, "commit to", err))
		return
	}
	if slices.ContainsFunc(batch, func(p *pending) bool { return p.rings }) {
		s.ring()
	}
	for _, p := range batch {
		p.answer <- nil
	}
}

func (s *sqliteStore) begin() string {
	if s.writable {
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

// abandon answers everybody that nothing is known to have happened.
func (s *sqliteStore) abandon(batch []*pending, err error) {
	_ = s.exec("ROLLBACK") // fails if SQLite has rolled back already
	if !errors.Is(err, queue.ErrUnavailable) {
		err = fmt.Errorf("%w: the transaction on %s was lost: %w", queue.ErrUnavailable, s.path, err)
	}
	for _, p := range batch {
		p.answer <- err
	}
}

// attempt runs one call in a savepoint. It returns the call's error, undone, and
// whether the transaction around it is still alive.
//
// Its changes of tallies are added to those of the calls before, which change the
// same few rows: they are written once, before the commit.
func (s *sqliteStore) attempt(p *pending, tallies map[tallyKey]tally) (err error, alive bool) {
	if err := p.ctx.Err(); err != nil {
		return err, true // nobody waits for it any more
	}
	if err := s.exec("SAVEPOINT call"); err != nil {
		return fault(s.path, "begin a call in", err), false
	}
	tx := s.transaction(map[tallyKey]tally{}, p.writes && s.writable)
	tx.pending = tallies
	if err = s.protect(p, tx); err == nil {
		tx.hand(tallies)
		p.rings = tx.announced
		if err = s.exec("RELEASE call"); err == nil {
			return nil, true
		}
		return fault(s.path, "end a call in", err), false
	}
	if lost := s.exec("ROLLBACK TO call; RELEASE call"); lost != nil {
		return err, false // SQLite has rolled back everything
	}
	return err, true
}

func (s *sqliteStore) transaction(deltas map[tallyKey]tally, writes bool) *sqlTx {
	return &sqlTx{
		session: s, dialect: dialectSQLite, now: stored(s.now()), writes: writes,
		deltas: deltas,
	}
}

// protect keeps the writer alive if a call panics: the panic is its caller's.
func (s *sqliteStore) protect(p *pending, tx *sqlTx) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		reason := recover() // nil after runtime.Goexit
		p.panic = fmt.Errorf("panic in a call to the store: %v\n%s", reason, debug.Stack())
		err = p.panic
	}()
	err = p.call(tx)
	finished = true
	return err
}

func (s *sqliteStore) exec(statement string) error {
	if strings.Contains(statement, ";") { // several cannot be prepared together
		_, err := s.conn.ExecContext(context.Background(), statement)
		return err
	}
	stmt, err := s.prepared(statement) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background())
	}
	return err
}
