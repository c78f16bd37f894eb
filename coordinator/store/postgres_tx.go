package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// The keys of advisory locks. Locks with one key and with two are different.
const (
	storeKey   = 0x73706971 // "spiq": the store
	processKey = 0x70726f63 // "proc": the first key of a process; the second is a hash of its ID
	sweepKey   = 0x73777065 // "swpe": the first key of a sweep; the second is a hash of its ID
	schemaKey  = 0x73636865 // "sche": migrations
)

// dialectPostgres changes no turn that a concurrent transaction is changing.
var dialectPostgres = dialect{
	setTurn: `UPDATE sweeps SET turn = $1 WHERE id = (SELECT id FROM sweeps WHERE id = $2 FOR UPDATE SKIP LOCKED)`,
}

// shards is the number of shards of each tally, about the number of transactions that
// commit concurrently.
const shards = 16

// shardOf is the key of a connection's shard in its custom data. Concurrent transactions
// usually have different shards. Transactions that share one wait for each other's commit.
const shardOf = "shard"

// postgresTx is one transaction. It begins with claim, or else with its first statement.
type postgresTx struct {
	sqlTx
	store   *postgresStore
	session *postgresSession
	claimed map[string]bool // the claimed processes
	// complete reports whether the cache has all live attempts of the claimed processes.
	complete bool
	calls    int // number of calls of the group that have not ended; 0 outside a group
	ahead    lookahead
}

func (s *postgresStore) begin(conn *pgx.Conn, writes bool) *postgresTx {
	session := &postgresSession{conn: conn, place: s.place, begin: beginView}
	tx := &postgresTx{store: s, session: session, sqlTx: sqlTx{
		session: session, dialect: dialectPostgres, writes: writes,
		shard: conn.PgConn().CustomData()[shardOf].(int64), deltas: map[tallyKey]tally{}, cache: &rowCache{},
	}}
	if writes {
		session.begin = beginAlone
	}
	return tx
}

// beginView begins a transaction that reads from one snapshot.
func beginView(b *pgx.Batch) {
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(planByIndex)
}

// beginAlone begins a transaction that excludes all others that write.
func beginAlone(b *pgx.Batch) {
	b.Queue(beginWriting)
	b.Queue(planByIndex+`, pg_advisory_xact_lock($1)`, int64(storeKey))
}

// beginWriting begins a transaction in which each statement sees everything that was
// committed before it began, and so the effects of all earlier holders of its locks.
const beginWriting = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`

// Now returns the time at which the transaction had its locks. It is later than the time of
// each transaction for which this one waited.
func (t *postgresTx) Now() time.Time {
	if t.now.IsZero() {
		_ = t.readClock() // every later statement returns the error
	}
	return t.now
}

func (t *postgresTx) readClock() error {
	var us int64
	_, err := t.get(clock, nil, &us)
	t.setClock(us)
	return err
}

// clock selects the database's time in microseconds since 1970.
const clock = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

func (t *postgresTx) setClock(us int64) {
	t.now = instant(us)
	if t.store.now != nil {
		t.now = stored(t.store.now())
	}
}

// claimed selects the claimed tasks and those that the claimed processes hold.
const claimed = ` IN (SELECT task FROM records WHERE id = ANY($1::text[]) UNION SELECT task FROM attempts WHERE process = ANY($2::text[]) AND outcome = '')`

// lockProcesses locks processes in the order of their hashes. The subquery is evaluated first,
// because it is sorted.
const lockProcesses = `SELECT pg_advisory_xact_lock($1, hash) FROM (SELECT DISTINCT hashtext(id) AS hash FROM unnest($2::text[]) AS id ORDER BY hash) AS hashes`

// claim begins a transaction that runs concurrently with others. In one round trip, it takes
// its locks in the order that the package documentation states, and reads the rows that the
// rules will need.
func (t *postgresTx) claim(claims ...queue.Claim) error {
	var processes, ids []string
	t.claimed, t.complete = map[string]bool{}, true
	for _, c := range claims {
		if c.Process != "" {
			t.claimed[c.Process] = true
			processes = append(processes, validText(c.Process))
		}
		for _, task := range c.Tasks {
			ids = append(ids, validText(string(task)))
		}
	}
	var b pgx.Batch
	b.Queue(beginWriting)
	b.Queue(planByIndex+`, pg_advisory_xact_lock_shared($1)`, int64(storeKey))
	if len(processes) > 0 {
		b.Queue(lockProcesses, int32(processKey), processes)
	}
	if len(processes)+len(ids) > 0 {
		t.readClaimed(&b, ids, processes)
	}
	var us int64
	b.Queue(clock).QueryRow(func(r pgx.Row) error { return r.Scan(&us) })
	t.session.begun = true
	err := t.session.send(&b)
	t.setClock(us)
	return err
}

// readClaimed locks the claimed records, then caches them and the rows that belong to them.
func (t *postgresTx) readClaimed(b *pgx.Batch, ids, processes []string) {
	queueRead(b, `SELECT `+taskColumns+` FROM `+taskTables+` WHERE r.task`+claimed+` ORDER BY r.task FOR UPDATE OF r`, scanTask,
		func(task storedTask) {
			t.cacheTask(task)
			putEntry(&t.cache.references, task.record.Task, nil)         // readReferences fills it
			t.complete = t.complete && len(t.cache.attempts) < maxCached // else putEntry drops some
			putEntry(&t.cache.attempts, task.record.Task, nil)
		}, ids, processes)
	queueRead(b, `SELECT `+attemptColumns+` FROM `+attemptTables+` WHERE a.task`+claimed+` ORDER BY a.task, a.attempt`, scanAttempt,
		func(a queue.Attempt) {
			t.complete = t.complete && a.Log == "" // else its history is not cached
			t.cache.putAttempt(a)
		}, ids, processes)
	t.readReferences(b, `p.task`+claimed, ids, processes)
	queueRead(b, `SELECT `+processColumns+` FROM processes WHERE id = ANY($1::text[])`, scanPresence, func(p queue.Presence) { putEntry(&t.cache.presences, p.ID, p) }, processes)
	queueRead(b, listSweeps, scanSweep, func(s queue.Sweep) { t.cache.sweeps = append(t.cache.sweeps, s) })
}

// queueRead adds a query to a batch and calls do for each row of the answer.
func queueRead[T any](b *pgx.Batch, query string, scan func(row) (T, error), do func(T), args ...any) {
	b.Queue(query, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			do(v)
		}
		return rows.Err()
	})
}

// readReferences caches the references of tasks whose records are locked and cached.
func (t *postgresTx) readReferences(b *pgx.Batch, which string, args ...any) {
	queueRead(b, `SELECT r.id, p.plan, p.cost FROM planned p JOIN records r ON r.task = p.task WHERE `+which, scanReference, t.addReference, args...)
}

type taskReference struct {
	task sweep.TaskID
	reference
}

func scanReference(r row) (t taskReference, err error) { return t, r.Scan(&t.task, &t.plan, &t.cost) }

// addReference adds a reference to its task's, if the cache has an entry for them.
func (t *postgresTx) addReference(r taskReference) {
	if all, ok := t.cache.references[r.task]; ok {
		t.cache.references[r.task] = append(all, r.reference)
	}
}

// ClaimSweep never waits for another transaction, so that no order of locks matters.
func (t *postgresTx) ClaimSweep(id string) (free bool, err error) {
	if err := t.mayWrite(); err != nil {
		return false, err
	}
	_, err = t.get(`SELECT pg_try_advisory_xact_lock($1, hashtext($2))`, with(int32(sweepKey), validText(id)), &free)
	return free, err
}

// Next locks the records of the tasks that it lists, and also caches their references. It
// omits tasks whose records another transaction has locked.
func (t *postgresTx) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	if !t.writes {
		return t.sqlTx.Next(plan, exclusive, most, limit)
	}
	if t.calls > 0 && most == anyCost {
		return t.lookAhead(plan, exclusive, limit)
	}
	return t.lockNext(plan, exclusive, most, limit)
}

func (t *postgresTx) lockNext(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	listed, err := t.listNext(next+` FOR UPDATE OF r SKIP LOCKED`, plan, exclusive, most, limit)
	if err != nil || len(listed) == 0 {
		return listed, err
	}
	ids := make([]string, len(listed))
	for i, n := range listed {
		ids[i] = string(n.Task)
		putEntry(&t.cache.references, n.Task, nil)
	}
	var b pgx.Batch
	t.readReferences(&b, `r.id = ANY($1::text[])`, ids)
	return listed, t.session.send(&b)
}

func (t *postgresTx) PutAttempt(a queue.Attempt) error {
	t.expectHistory()
	err := t.sqlTx.PutAttempt(a)
	_, cached := t.cache.attempts[a.Task]
	t.complete = t.complete && cached
	return err
}

func (t *postgresTx) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	t.expectHistory()
	return t.sqlTx.Attempts(task)
}

// expectHistory prepares for another history in the cache, which drops all if it is full.
func (t *postgresTx) expectHistory() {
	t.complete = t.complete && len(t.cache.attempts) < maxCached
}

func (t *postgresTx) HeldBy(process string) ([]queue.Attempt, error) {
	if !t.complete || !t.claimed[process] {
		return t.sqlTx.HeldBy(process)
	}
	var held []queue.Attempt
	for _, history := range t.cache.attempts {
		for _, a := range history {
			if a.Process == process && a.Outcome == queue.Live {
				held = append(held, a)
			}
		}
	}
	slices.SortFunc(held, byGrant)
	return held, nil
}

// commit sends the deferred statements and commits. The tallies come last, since other
// transactions wait for them.
func (t *postgresTx) commit() error {
	if t.writes {
		if err := t.flush(); err != nil {
			return err
		}
		if t.announced {
			_ = t.session.write(`SELECT pg_notify($1, $2)`, with(channel, t.store.name))
		}
	}
	if !t.session.begun && len(t.session.deferred) == 0 {
		return t.session.err
	}
	trip, err := t.session.roundTrip(statement{query: `COMMIT`})
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

// rollBack rolls back. If that fails, it closes the connection, which the pool then drops.
func (t *postgresTx) rollBack() {
	if !t.session.begun || t.session.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tripTimeout)
	defer cancel()
	if _, err := t.session.conn.Exec(ctx, `ROLLBACK`); err != nil {
		_ = t.session.conn.Close(ctx)
	}
}

var _ queue.Tx = (*postgresTx)(nil)
