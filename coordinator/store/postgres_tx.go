package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
)

// The keys of advisory locks. One with two parts never meets one with one.
const (
	storeKey   = 0x73706971 // "spiq": of the whole store
	processKey = 0x70726f63 // "proc": of processes, by a hash of their IDs
	schemaKey  = 0x73636865 // "sche": of migrations
)

// dialectPostgres: the turn of a sweep that another transaction is moving was moved
// just now. How a waiting task is found when it may be granted, see
// postgresTx.Next.
var dialectPostgres = dialect{
	next:    dialectSQLite.next,
	setTurn: `UPDATE sweeps SET turn = $1 WHERE id = (SELECT id FROM sweeps WHERE id = $2 FOR UPDATE SKIP LOCKED)`,
}

// shards is how many parts the tallies come in: about as many as transactions
// commit at once.
const shards = 16

// postgresTx is one transaction. It begins at its first statement, since only
// then is it known what it claims.
type postgresTx struct {
	sqlTx
	store   *postgresStore
	session *postgresSession
	claim   claim
}

func (s *postgresStore) begin(conn *pgx.Conn, writes bool) *postgresTx {
	session := &postgresSession{conn: conn, place: s.place, opening: openView}
	tx := &postgresTx{store: s, session: session, sqlTx: sqlTx{
		session: session, dialect: dialectPostgres, writes: writes,
		shard: int64(conn.PgConn().PID() % shards), deltas: map[tallyKey]tally{}, known: &known{},
	}}
	if writes {
		session.opening = openAlone
	}
	return tx
}

// openView reads all from one snapshot.
func openView(b *pgx.Batch) {
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(planByIndex)
}

// openAlone waits until no other transaction that writes is under way, and keeps
// others out.
func openAlone(b *pgx.Batch) {
	b.Queue(beginWriting)
	b.Queue(planByIndex)
	b.Queue(`SELECT pg_advisory_xact_lock($1)`, int64(storeKey))
}

// In READ COMMITTED each statement sees what was committed when it began: all of
// what those did who had the same locks before.
const beginWriting = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`

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
	_, err := t.get(clock, nil, &us)
	t.setClock(us)
	return err
}

// clock reads the database's clock, in microseconds.
const clock = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

func (t *postgresTx) setClock(us int64) {
	t.now = instant(us)
	if t.store.now != nil {
		t.now = stored(t.store.now())
	}
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
