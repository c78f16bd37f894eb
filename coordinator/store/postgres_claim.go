package store

import (
	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// claimed finds the tasks that are claimed by name, and those of a process's leases.
const claimed = ` IN (SELECT unnest($1::text[]) UNION SELECT task FROM attempts WHERE process = $2 AND outcome = '')`

// Claim begins a transaction that goes along with others. The order of its locks
// is the same for all, so that none waits for one that waits for it: the store,
// the process, the records of the tasks by ID. What is needed of the tasks comes
// along, in one trip.
func (t *postgresTx) Claim(process string, tasks []sweep.TaskID) error {
	ids := idsOf(tasks)
	var b pgx.Batch
	b.Queue(beginWriting)
	b.Queue(planByIndex)
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, int64(storeKey))
	if process != "" || len(ids) > 0 {
		b.Queue(`SELECT pg_advisory_xact_lock($1, hashtext($2))`, int32(processKey), text(process))
		t.fetch(&b, ids, text(process))
		t.claim.process, t.claim.whole = process, true
	}
	var us int64
	b.Queue(clock).QueryRow(func(r pgx.Row) error { return r.Scan(&us) })
	t.session.begun = true
	err := t.session.send(&b)
	t.setClock(us)
	return err
}

// fetch locks the records that are claimed, then reads what belongs to them.
func (t *postgresTx) fetch(b *pgx.Batch, ids []string, process string) {
	each(b, `SELECT `+recordColumns+` FROM records r WHERE r.task`+claimed+` ORDER BY r.task FOR UPDATE`, scanRecordAlone,
		func(r queue.Record) {
			t.remember(r)
			t.claim.whole = t.claim.whole && len(t.known.attempts) < maxKnown // else note forgets some
			note(&t.known.attempts, r.Task, nil)
		}, ids, process)
	each(b, `SELECT `+attemptColumns+` FROM attempts a WHERE a.task`+claimed+` ORDER BY a.task, a.attempt`, scanAttemptAlone,
		func(a queue.Attempt) {
			t.claim.whole = t.claim.whole && a.Log == "" // else its history is not kept
			t.known.attempt(a)
		}, ids, process)
	t.fetchRest(b, claimed, ids, process)
	each(b, findProcess, scanPresence, func(p queue.Presence) { note(&t.known.presences, p.ID, p) }, process)
	each(b, listSweeps, scanSweep, func(s queue.Sweep) { t.known.sweeps = append(t.known.sweeps, s) })
}

// fetchRest reads what a grant, a report or a renewal will ask about tasks whose
// records are locked.
func (t *postgresTx) fetchRest(b *pgx.Batch, which string, args ...any) {
	each(b, `SELECT `+specificationColumns+` FROM tasks t WHERE t.id`+which, scanSpecification,
		func(s queue.Specification) { note(&t.known.specifications, s.ID, s) }, args...)
	each(b, `SELECT p.task, p.plan, p.cost FROM planned p WHERE p.task`+which, scanPlace, t.place, args...)
	each(b, `SELECT c.task, c.step FROM checkpoints c WHERE c.task`+which, scanSaved,
		func(s saved) { note(&t.known.steps, s.task, s.step) }, args...)
}

// remember keeps a record, and that all else of its task is going to be read.
func (t *postgresTx) remember(r queue.Record) {
	note(&t.known.records, r.Task, r)
	note(&t.known.references, r.Task, nil)
	note(&t.known.steps, r.Task, 0)
}

// each asks for rows and does something with each, once the batch is sent.
func each[T any](b *pgx.Batch, query string, scan func(row) (T, error), do func(T), args ...any) {
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

// placed is a reference of a task.
type placed struct {
	task sweep.TaskID
	reference
}

func scanPlace(r row) (p placed, err error) { return p, r.Scan(&p.task, &p.plan, &p.cost) }

// place adds a reference to those of its task, if they are being gathered.
func (t *postgresTx) place(p placed) {
	if all, ok := t.known.references[p.task]; ok {
		t.known.references[p.task] = append(all, p.reference)
	}
}

type saved struct {
	task sweep.TaskID
	step uint64
}

func scanSaved(r row) (s saved, err error) { return s, r.Scan(&s.task, &s.step) }
