package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// The keys of advisory locks. One with two parts never meets one with one.
const (
	storeKey   = 0x73706971 // "spiq": of the whole store
	processKey = 0x70726f63 // "proc": of processes, by a hash of their IDs
	schemaKey  = 0x73636865 // "sche": of migrations
)

// dialectPostgres: a waiting task that another transaction has locked is being
// granted there, and is left out. The record's own phase is asked for, since only
// that is looked at again once its row is locked. The turn of a sweep that
// another transaction is moving was moved just now.
var dialectPostgres = dialect{
	next: `
		SELECT p.task, p.position, p.line, p.cost
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.sweep = $1 AND p.phase = 'waiting' AND p.alone = $2 AND r.phase = 'waiting' AND r.alone = $2
		ORDER BY p.position, p.line LIMIT $3
		FOR UPDATE OF r SKIP LOCKED`,
	setTurn: `UPDATE sweeps SET turn = $1 WHERE id = (SELECT id FROM sweeps WHERE id = $2 FOR UPDATE SKIP LOCKED)`,
}

// dialectViewing locks nothing.
var dialectViewing = dialect{next: dialectSQLite.next}

// shards is how many parts the tallies come in: about as many as transactions
// commit at once.
const shards = 16

// postgresTx is one transaction. It begins at its first statement, since only
// then is it known what it claims.
type postgresTx struct {
	sqlTx
	store   *postgresStore
	session *postgresSession
}

func (s *postgresStore) begin(conn *pgx.Conn, writes bool) *postgresTx {
	session := &postgresSession{conn: conn, place: s.place, opening: openView}
	tx := &postgresTx{store: s, session: session, sqlTx: sqlTx{
		session: session, dialect: dialectViewing, writes: writes,
		shard: int64(conn.PgConn().PID() % shards), deltas: map[tallyKey]tally{},
	}}
	if writes {
		tx.dialect = dialectPostgres
		session.opening = openAlone
	}
	return tx
}

// openView reads all from one snapshot.
func openView(b *pgx.Batch) { b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`) }

// openAlone waits until no other transaction that writes is under way, and keeps
// others out.
func openAlone(b *pgx.Batch) {
	b.Queue(beginWriting)
	b.Queue(`SELECT pg_advisory_xact_lock($1)`, int64(storeKey))
}

// In READ COMMITTED each statement sees what was committed when it began: all of
// what those did who had the same locks before.
const beginWriting = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`

// Claim begins a transaction that goes along with others. The order of its locks
// is the same for all, so that none waits for one that waits for it: the store,
// the process, the records of the tasks by ID.
func (t *postgresTx) Claim(process string, tasks []sweep.TaskID) error {
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		ids[i] = text(string(task))
	}
	t.session.opening = func(b *pgx.Batch) {
		b.Queue(beginWriting)
		b.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, int64(storeKey))
		if process == "" && len(ids) == 0 {
			return
		}
		b.Queue(`SELECT pg_advisory_xact_lock($1, hashtext($2))`, int32(processKey), text(process))
		b.Queue(`
			SELECT task FROM records WHERE task IN (
				SELECT unnest($1::text[])
				UNION SELECT task FROM attempts WHERE process = $2 AND outcome = '')
			ORDER BY task FOR UPDATE`, ids, text(process))
	}
	return t.readClock()
}

// Now is the time at which the transaction had its locks: later than that of all
// that it had to wait for.
func (t *postgresTx) Now() time.Time {
	if t.now.IsZero() {
		_ = t.readClock() // nothing works after an error, which all else returns
	}
	return t.now
}

func (t *postgresTx) readClock() error {
	var us int64
	if _, err := t.get(`SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`, nil, &us); err != nil {
		return err
	}
	t.now = instant(us)
	if t.store.now != nil {
		t.now = stored(t.store.now())
	}
	return nil
}

// commit sends what was put off, the tallies last, since others wait for them.
func (t *postgresTx) commit() error {
	if t.writes {
		if err := t.flush(); err != nil {
			return err
		}
		if t.announced {
			_ = t.session.write(`SELECT pg_notify($1, $2)`, with(channel, t.store.name))
		}
	}
	if !t.session.begun && len(t.session.put) == 0 {
		return t.session.err
	}
	trip, err := t.session.travel(statement{query: `COMMIT`})
	if err != nil {
		return t.session.fault("commit to", err)
	}
	for trip.Next() {
	}
	err = trip.Close()
	if err == nil && trip.CommandTag().String() != "COMMIT" {
		err = errRolledBack
	}
	if err == nil {
		t.session.begun = false
	}
	return t.session.fault("commit to", err)
}

// rollBack gives the locks back. If that fails, the connection is of no use any
// more, and the pool will notice.
func (t *postgresTx) rollBack() {
	if !t.session.begun || t.session.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := t.session.conn.Exec(ctx, `ROLLBACK`); err != nil {
		_ = t.session.conn.Close(ctx)
	}
}

var _ queue.Tx = (*postgresTx)(nil)
