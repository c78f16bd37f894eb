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

// Limits of one transaction: the calls in it wait for each other.
const (
	maxCalls  = 512
	maxGather = 50 * time.Millisecond
)

// SQLite copies the log into the file once the log has 32 MiB. Until then a copy of the
// file alone is out of date, or empty. So the writer copies the log after a new plan,
// idleWALCheckpoint after the last time if calls come one by one, and busyWALCheckpoint
// after the last time in any case.
const (
	idleWALCheckpoint = 5 * time.Second
	busyWALCheckpoint = 30 * time.Second
)

// sqliteStore is the store in an SQLite file. Callers use only the notifier and the
// channels. All other fields belong to the writer, the goroutine of run.
type sqliteStore struct {
	*notifier
	calls     chan *pendingCall // to the writer
	closing   chan struct{}     // closed by Close
	finished  chan struct{}     // closed by the writer when it ends
	closeOnce func() error      // calls stop once

	db         *sql.DB
	conn       *sql.Conn
	path       string
	now        func() time.Time
	writable   bool
	gather     time.Duration        // maxGather; tests change it
	statements map[string]*sql.Stmt // prepared statements by their text
	cache      *rowCache
	failed     error // the failure of a statement of the running call
	// walCheckpointed is the time at which the log was last copied into the file.
	walCheckpointed time.Time
}

func startSQLite(ctx context.Context, db *sql.DB, path string, o options, writable bool) (queue.Store, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, abandon(db, path, err)
	}
	s := &sqliteStore{
		notifier: newNotifier(),
		calls:    make(chan *pendingCall, maxCalls), closing: make(chan struct{}), finished: make(chan struct{}),
		db: db, conn: conn, path: path, now: o.clock(), writable: writable, gather: maxGather, statements: map[string]*sql.Stmt{}, cache: &rowCache{},
	}
	s.walCheckpointed = s.now()
	s.closeOnce = sync.OnceValue(s.stop)
	go s.run()
	return s, nil
}

func (s *sqliteStore) Close() error { return s.closeOnce() }

// stop waits for the writer, then closes the file. It also closes the prepared
// statements, because an open one would keep the file's lock.
func (s *sqliteStore) stop() error {
	close(s.closing)
	<-s.finished
	var faults error
	for _, stmt := range s.statements {
		faults = errors.Join(faults, stmt.Close())
	}
	if s.writable {
		removeOwner(s.path)
	}
	return fault(s.path, "close", errors.Join(faults, s.conn.Close(), s.db.Close()))
}

// pendingCall is a call that waits for its answer.
type pendingCall struct {
	ctx         context.Context
	call        func(queue.Tx) error
	writes      bool
	answer      chan error // buffered: the writer never waits for a caller
	announced   bool       // the commit notifies the users of the store
	storedSweep bool       // a sweep was stored: checkpointWAL copies the log
	panic       error      // a panic of the call, which submit raises again
}

func (s *sqliteStore) Update(ctx context.Context, _ *queue.Claim, call func(queue.Tx) error) error {
	return s.submit(&pendingCall{ctx: ctx, call: call, writes: true, answer: make(chan error, 1)})
}

func (s *sqliteStore) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(&pendingCall{ctx: ctx, call: call, answer: make(chan error, 1)})
}

// submit passes a call to the writer and waits for the answer, or until the call's
// context ends.
func (s *sqliteStore) submit(p *pendingCall) error {
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
		case err := <-p.answer: // the writer answered just before it ended
			return err
		default:
			return errClosed
		}
	}
}

func answer(calls []*pendingCall, err error) {
	for _, p := range calls {
		p.answer <- err
	}
}

// run is the writer.
func (s *sqliteStore) run() {
	defer close(s.finished)
	for {
		select {
		case p := <-s.calls:
			s.runBatch(p)
		case <-s.closing:
			return
		}
	}
}

// runBatch runs a call and all that wait behind it in one transaction. If a call makes
// the transaction roll back, runBatch runs the others again, without adding calls that
// may fail, too.
func (s *sqliteStore) runBatch(p *pendingCall) {
	calls := s.runTransaction([]*pendingCall{p}, s.gather)
	for len(calls) > 0 {
		calls = s.runTransaction(calls, 0)
	}
}

// runTransaction runs calls, and all that arrive within the time gather, in one
// transaction, and answers them. If a call fails after it has written, runTransaction
// rolls back, answers that call, and returns the others for another run. That is rare,
// and without a savepoint for each call a batch takes a fifth less time.
func (s *sqliteStore) runTransaction(calls []*pendingCall, gather time.Duration) (again []*pendingCall) {
	if err := s.exec(s.begin()); err != nil {
		answer(calls, fault(s.path, "begin a transaction in", err))
		return nil
	}
	until := time.Now().Add(gather)
	var done []*pendingCall // successful, but not yet committed
	tallies := map[tallyKey]tally{}
	for i := 0; i < len(calls); i++ {
		err, undo := s.runCall(calls[i], tallies)
		if undo {
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
			calls = append(calls, s.nextCall()...)
		}
	}
	answer(done, s.commit(done, tallies))
	s.checkpointWAL(done)
	return nil
}

// nextCall returns the next call that waits, if there is one.
func (s *sqliteStore) nextCall() []*pendingCall {
	select {
	case p := <-s.calls:
		return []*pendingCall{p}
	default:
		return nil
	}
}

// runCall runs one call. It returns the call's error, and whether the transaction must
// be rolled back because of it.
//
// It adds the call's changes of tallies to tallies. They change the same few rows as
// those of other calls, so commit writes them once for all.
func (s *sqliteStore) runCall(p *pendingCall, tallies map[tallyKey]tally) (err error, undo bool) {
	if err := p.ctx.Err(); err != nil {
		return err, false // its caller no longer waits
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
	tx.addDeltas(tallies)
	p.announced, p.storedSweep = tx.announced, tx.storedSweep
	return nil, false
}

func (s *sqliteStore) transaction(deltas map[tallyKey]tally, writes bool) *sqlTx {
	return &sqlTx{
		session: s, dialect: dialectSQLite, now: stored(s.now()), writes: writes,
		deltas: deltas, cache: s.cache,
	}
}

func (s *sqliteStore) begin() string {
	if s.writable {
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

// commit commits the calls in done, with their changes of tallies.
func (s *sqliteStore) commit(done []*pendingCall, tallies map[tallyKey]tally) error {
	err := s.transaction(tallies, true).flush()
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		s.rollBack()
		return fault(s.path, "commit to", err)
	}
	if slices.ContainsFunc(done, func(p *pendingCall) bool { return p.announced }) {
		s.notify()
	}
	return nil
}

func (s *sqliteStore) rollBack() {
	_ = s.exec("ROLLBACK") // fails if SQLite has already rolled back
	s.cache = &rowCache{}
}

// checkpointWAL copies the log into the file if a copy is due. It runs after the callers
// are answered. It ignores errors: the log remains, and the next commit that meets
// the cause reports it.
func (s *sqliteStore) checkpointWAL(committed []*pendingCall) {
	since := s.now().Sub(s.walCheckpointed).Abs()
	idle := len(committed) <= 1
	planned := slices.ContainsFunc(committed, func(p *pendingCall) bool { return p.storedSweep })
	if s.writable && (planned || idle && since >= idleWALCheckpoint || since >= busyWALCheckpoint) {
		s.walCheckpointed = s.now()
		_ = s.exec(walCheckpoint)
	}
}

// walCheckpoint copies the log into the file. The next commit then overwrites the log
// from its start.
const walCheckpoint = "PRAGMA wal_checkpoint(PASSIVE)"

func (s *sqliteStore) exec(statement string) error {
	stmt, err := s.prepared(statement) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background())
	}
	return err
}

var dialectSQLite = dialect{
	setTurn: `UPDATE sweeps SET turn = $1 WHERE id = $2`,
}

func (s *sqliteStore) write(query string, args []any) error {
	stmt, err := s.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background(), args...)
	}
	return s.fault("write to", err)
}

func (s *sqliteStore) read(query string, args []any) (rows, error) {
	stmt, err := s.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err != nil {
		return nil, s.fault("read from", err)
	}
	found, err := stmt.QueryContext(context.Background(), args...) //nolint:rowserrcheck // the caller checks it
	return found, s.fault("read from", err)
}

func (s *sqliteStore) readEach(query string, args [][]any, scan func(row) error) error {
	for _, list := range args {
		found, err := s.read(query, list)
		if err != nil {
			return err
		}
		if err := scanAll(found, scan); err != nil {
			return s.fault("read from", err)
		}
	}
	return nil
}

func (s *sqliteStore) writeEach(query string, args [][]any) ([]bool, error) {
	changed := make([]bool, len(args))
	stmt, err := s.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	for i := 0; err == nil && i < len(args); i++ {
		var result sql.Result
		if result, err = stmt.ExecContext(context.Background(), args[i]...); err == nil {
			var rows int64
			rows, err = result.RowsAffected()
			changed[i] = rows > 0
		}
	}
	return changed, s.fault("write to", err)
}

func (s *sqliteStore) fault(act string, err error) error {
	if err != nil {
		s.failed = fault(s.path, act, err)
		return s.failed
	}
	return nil
}

// prepared returns a statement, which it prepares at its first use.
func (s *sqliteStore) prepared(text string) (*sql.Stmt, error) {
	if stmt, ok := s.statements[text]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err == nil {
		s.statements[text] = stmt
	}
	return stmt, err
}
