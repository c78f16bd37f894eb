package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
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

// SQLite copies the log into the file once the log has 32 MiB. Until then a copy of the
// file alone is out of date, or empty. So the writer has it copied after a new plan,
// restCheckpoint after the last time if calls come one by one, and busyCheckpoint
// after it in any case.
const (
	restCheckpoint = 5 * time.Second
	busyCheckpoint = 30 * time.Second
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
	known      *known
	failed     error // of a statement of the call that is running
	// checkpointed is when the log was last copied into the file.
	checkpointed time.Time
}

func start(ctx context.Context, db *sql.DB, path string, o options, writable bool) (queue.Store, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, refuse(db, path, err)
	}
	s := &sqliteStore{
		bell:  newBell(),
		calls: make(chan *pending, maxCalls), closing: make(chan struct{}), finished: make(chan struct{}),
		db: db, conn: conn, path: path, now: o.clock(), writable: writable, gather: maxTime, statements: map[string]*sql.Stmt{}, known: &known{},
	}
	s.checkpointed = s.now()
	s.close = sync.OnceValue(s.shut)
	go s.run()
	return s, nil
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

// commit runs a call, and all that are waiting behind it, in one transaction. If
// something is undone on the way, the others are run again, without more that
// might fail.
func (s *sqliteStore) commit(p *pending) {
	calls := s.together([]*pending{p}, s.gather)
	for len(calls) > 0 {
		calls = s.together(calls, 0)
	}
}

// together runs calls in one transaction, with them all that come within a time,
// and answers them. A call that fails after it has written takes the transaction
// with it: the others are returned, to be run again. That is rare, and without a
// savepoint for every call all are a fifth faster.
func (s *sqliteStore) together(calls []*pending, gather time.Duration) (again []*pending) {
	if err := s.exec(s.begin()); err != nil {
		answer(calls, fault(s.path, "begin a transaction in", err))
		return nil
	}
	until := time.Now().Add(gather)
	var done []*pending // but for the commit
	tallies := map[tallyKey]tally{}
	for i := 0; i < len(calls); i++ {
		err, undone := s.attempt(calls[i], tallies)
		if undone {
			s.rollBack()
			calls[i].answer <- err
			return append(done, calls[i+1:]...)
		}
		if err != nil {
			calls[i].answer <- err
		} else {
			done = append(done, calls[i])
		}
		if i+1 == len(calls) && i+1 < maxCalls && time.Now().Before(until) {
			calls = append(calls, s.waiting()...)
		}
	}
	answer(done, s.settle(done, tallies))
	s.checkpoint(done)
	return nil
}

// checkpoint copies the log into the file if that is due after a commit, once its
// callers are answered. An error costs nothing: the log remains, and the next commit
// that meets the cause reports it.
func (s *sqliteStore) checkpoint(committed []*pending) {
	since := s.now().Sub(s.checkpointed).Abs()
	atRest := len(committed) <= 1
	planned := slices.ContainsFunc(committed, func(p *pending) bool { return p.plans })
	if s.writable && (planned || atRest && since >= restCheckpoint || since >= busyCheckpoint) {
		s.checkpointed = s.now()
		_ = s.exec(checkpointLog)
	}
}

// checkpointLog copies the log into the file. The next commit begins the log again.
const checkpointLog = "PRAGMA wal_checkpoint(PASSIVE)"

// waiting is the next call, if there is one.
func (s *sqliteStore) waiting() []*pending {
	select {
	case p := <-s.calls:
		return []*pending{p}
	default:
		return nil
	}
}

// settle commits what was done.
func (s *sqliteStore) settle(done []*pending, tallies map[tallyKey]tally) error {
	err := s.transaction(tallies, true).flush()
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		s.rollBack()
		return fault(s.path, "commit to", err)
	}
	if slices.ContainsFunc(done, func(p *pending) bool { return p.rings }) {
		s.ring()
	}
	return nil
}

func (s *sqliteStore) begin() string {
	if s.writable {
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

func (s *sqliteStore) rollBack() {
	_ = s.exec("ROLLBACK") // fails if SQLite has rolled back already
	s.known = &known{}
}

// attempt runs one call. It returns the call's error, and whether the transaction
// has to be undone for it.
//
// Its changes of tallies are added to those of the calls before, which change the
// same few rows: they are written once, before the commit.
func (s *sqliteStore) attempt(p *pending, tallies map[tallyKey]tally) (err error, undone bool) {
	if err := p.ctx.Err(); err != nil {
		return err, false // nobody waits for it any more
	}
	tx := s.transaction(map[tallyKey]tally{}, p.writes && s.writable)
	tx.pending = tallies
	s.failed = nil
	o := protect(p.call, tx)
	err, p.panic = o.err, o.panic
	if s.failed != nil { // SQLite may have rolled back
		return cmp.Or(err, s.failed), true
	}
	if err != nil {
		return err, tx.wrote
	}
	tx.hand(tallies)
	p.rings, p.plans = tx.announced, tx.plans
	return nil, false
}

func (s *sqliteStore) transaction(deltas map[tallyKey]tally, writes bool) *sqlTx {
	return &sqlTx{
		session: s, dialect: dialectSQLite, now: stored(s.now()), writes: writes,
		deltas: deltas, known: s.known,
	}
}

func (s *sqliteStore) exec(statement string) error {
	stmt, err := s.prepared(statement) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background())
	}
	return err
}
