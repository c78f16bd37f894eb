package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	return getEntry(&t.cache.specifications, task, func() (queue.Specification, bool, error) {
		found, ok, err := one(t, `SELECT `+taskColumns+` FROM `+taskTables+` WHERE r.id = $1`, with(task), scanTask)
		return found.specification, ok, err
	})
}

const (
	taskColumns = recordColumns + `, t.configuration, t.recording, t.cost`
	taskTables  = `records r JOIN tasks t ON t.task = r.task`
)

// storedTask is a row of taskTables.
type storedTask struct {
	record        storedRecord
	specification queue.Specification
}

func scanTask(r row) (storedTask, error) { return scanTaskAfter(r) }

// scanTaskAfter scans the columns before taskColumns, then those.
func scanTaskAfter(r row, before ...any) (t storedTask, err error) {
	var configuration []byte
	var cost int64
	s := &t.specification
	if t.record, err = scanRecordBetween(r, before, with(&configuration, &s.Recording, &cost)); err != nil {
		return t, err
	}
	s.ID, s.Cost = t.record.Task, span(cost)
	s.Configuration, err = sweep.RestoreConfiguration(configuration)
	return t, err
}

func (t *sqlTx) cacheTask(task storedTask) {
	putEntry(&t.cache.records, task.record.Task, task.record)
	putEntry(&t.cache.specifications, task.record.Task, task.specification)
}

func (t *sqlTx) putSpecification(key int64, s queue.Specification) error {
	delete(t.cache.specifications, s.ID)
	return t.exec(`
		INSERT INTO tasks (task, configuration, recording, cost) VALUES ($1, $2, $3, $4)
		ON CONFLICT (task) DO UPDATE SET
			configuration = excluded.configuration, recording = excluded.recording, cost = excluded.cost
		WHERE tasks.configuration <> excluded.configuration OR tasks.recording <> excluded.recording OR tasks.cost <> excluded.cost`,
		key, string(sweep.Canonical(s.Configuration)), s.Recording, s.Cost.Microseconds())
}

const recordNames = `task, id, phase, attempt, pardoned, exclusive, not_before, accepted, compute, verifying, reason, saved_step`

const recordColumns = `r.task, r.id, r.phase, r.attempt, r.pardoned, r.exclusive, r.not_before, r.accepted, r.compute, r.verifying,
	r.reason, r.saved_step`

func scanRecord(r row) (storedRecord, error) { return scanRecordBetween(r, nil, nil) }

// scanRecordBetween scans the columns before recordColumns, those, and the columns after them.
func scanRecordBetween(r row, before, after []any) (s storedRecord, err error) {
	var attempt, pardoned, notBefore, compute, saved int64
	err = r.Scan(slices.Concat(before, with(&s.key, &s.Task, &s.Phase, &attempt, &pardoned, &s.Exclusive, &notBefore,
		&s.Accepted, &compute, &s.Verifying, &s.Reason, &saved), after)...)
	s.Attempt, s.Pardoned, s.saved = uint64(attempt), uint64(pardoned), uint64(saved)
	s.NotBefore, s.Compute = instant(notBefore), span(compute)
	return s, err
}

func (t *sqlTx) Record(task sweep.TaskID) (queue.Record, bool, error) {
	s, found, err := t.storedRecord(task)
	return s.Record, found, err
}

func (t *sqlTx) storedRecord(task sweep.TaskID) (storedRecord, bool, error) {
	return getEntry(&t.cache.records, task, func() (storedRecord, bool, error) {
		return one(t, `SELECT `+recordColumns+` FROM records r WHERE r.id = $1`, with(task), scanRecord)
	})
}

// key returns the key of a task that has a record.
func (t *sqlTx) key(task sweep.TaskID) (int64, error) {
	s, found, err := t.storedRecord(task)
	if err == nil && !found {
		err = t.fault("write to", fmt.Errorf("task %q has no record", task))
	}
	return s.key, err
}

// insertRecord adds a waiting record of a task, under the next key, if there is none, and
// returns the task's record. On a conflict, the update changes nothing but makes RETURNING
// return the row. No two transactions insert concurrently: those that plan run alone.
const insertRecord = `
	INSERT INTO records (` + recordNames + `)
	VALUES ((SELECT COALESCE(MAX(task), 0) + 1 FROM records), $1, 'waiting', 0, 0, FALSE, 0, '', 0, FALSE, '', 0)
	ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING ` + recordNames

// PutRecord changes a record. AddPlanned has inserted it.
func (t *sqlTx) PutRecord(r queue.Record) error {
	r.Compute, r.NotBefore = r.Compute.Truncate(time.Microsecond), stored(r.NotBefore)
	if _, err := t.key(r.Task); err != nil {
		return err
	}
	s := t.cache.records[r.Task]
	before := s.Record
	s.Record = r
	err := t.exec(`
		UPDATE records SET
			phase = $2, attempt = $3, pardoned = $4, exclusive = $5, not_before = $6, accepted = $7, compute = $8, verifying = $9, reason = $10
		WHERE task = $1`,
		s.key, r.Phase, int64(r.Attempt), int64(r.Pardoned), r.Exclusive, micros(r.NotBefore), r.Accepted, r.Compute.Microseconds(), r.Verifying, r.Reason)
	if err != nil {
		return err
	}
	putEntry(&t.cache.records, r.Task, s)
	return t.updateTallies(s.key, before, r)
}

func (t *sqlTx) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	return list(t, `
		SELECT id FROM records WHERE phase = 'backing_off' AND not_before > 0 AND not_before <= $1
		ORDER BY not_before, id LIMIT $2`, with(micros(now), limit), scanOne[sweep.TaskID])
}

const attemptColumns = `r.id, a.attempt, a.process, a.host, a.kernel, a.granted_at, a.ended_at, a.from_step,
	a.started, a.step, a.saved_step, a.outcome, a.sole_task, a.excused, a.reason, a.log, a.digest, a.compute`

const attemptTables = `attempts a JOIN records r ON r.task = a.task`

func scanAttempt(r row) (queue.Attempt, error) { return scanAttemptAfter(r) }

// scanAttemptAfter scans the columns before attemptColumns, then those.
func scanAttemptAfter(r row, before ...any) (a queue.Attempt, err error) {
	var number, granted, ended, resumed, step, saved, compute int64
	err = r.Scan(append(before, &a.Task, &number, &a.Process, &a.Host, &a.Kernel, &granted, &ended, &resumed,
		&a.Started, &step, &saved, &a.Outcome, &a.SoleTask, &a.Excused, &a.Reason, &a.Log, &a.Digest, &compute)...)
	a.Attempt, a.From, a.Step, a.Saved = uint64(number), uint64(resumed), uint64(step), uint64(saved)
	a.GrantedAt, a.EndedAt, a.Compute = instant(granted), instant(ended), span(compute)
	return a, err
}

func (t *sqlTx) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	if history, ok := t.cache.attempts[l.Task]; ok {
		i := slices.IndexFunc(history, func(a queue.Attempt) bool { return a.Attempt == l.Attempt })
		if i < 0 {
			return queue.Attempt{}, false, nil
		}
		return history[i], true, nil
	}
	return one(t, `SELECT `+attemptColumns+` FROM `+attemptTables+` WHERE r.id = $1 AND a.attempt = $2`,
		with(l.Task, int64(l.Attempt)), scanAttempt)
}

func (t *sqlTx) PutAttempt(a queue.Attempt) error {
	a.GrantedAt, a.EndedAt, a.Compute = stored(a.GrantedAt), stored(a.EndedAt), a.Compute.Truncate(time.Microsecond)
	key, err := t.key(a.Task)
	if err != nil {
		return err
	}
	err = t.exec(`
		INSERT INTO attempts (task, attempt, process, host, kernel, granted_at, ended_at, from_step,
			started, step, saved_step, outcome, sole_task, excused, reason, log, digest, compute)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (task, attempt) DO UPDATE SET
			ended_at = excluded.ended_at, started = excluded.started, step = excluded.step, saved_step = excluded.saved_step,
			outcome = excluded.outcome, sole_task = excluded.sole_task, excused = excluded.excused, reason = excluded.reason, log = excluded.log,
			digest = excluded.digest, compute = excluded.compute`,
		key, int64(a.Attempt), a.Process, a.Host, a.Kernel, micros(a.GrantedAt), micros(a.EndedAt), int64(a.From),
		a.Started, int64(a.Step), int64(a.Saved), a.Outcome, a.SoleTask, a.Excused, a.Reason, a.Log, a.Digest, a.Compute.Microseconds())
	if err == nil {
		t.cache.putAttempt(a)
	}
	return err
}

func (t *sqlTx) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	history, _, err := getEntry(&t.cache.attempts, task, func() ([]queue.Attempt, bool, error) {
		history, err := list(t, `SELECT `+attemptColumns+` FROM `+attemptTables+` WHERE r.id = $1 ORDER BY a.attempt`, with(task), scanAttempt)
		cacheable := !slices.ContainsFunc(history, func(a queue.Attempt) bool { return a.Log != "" })
		return history, cacheable, err
	})
	return slices.Clone(history), err
}

func (t *sqlTx) HeldBy(process string) ([]queue.Attempt, error) {
	return list(t, `
		SELECT `+attemptColumns+` FROM `+attemptTables+` WHERE a.process = $1 AND a.outcome = ''
		ORDER BY a.granted_at, r.id, a.attempt`, with(process), scanAttempt)
}

// OldestGrant reads the index of live attempts, of which workers hold a few each.
func (t *sqlTx) OldestGrant() (time.Time, bool, error) {
	var granted int64
	_, err := t.get(`SELECT COALESCE(MIN(granted_at), 0) FROM attempts WHERE outcome = ''`, nil, &granted)
	return instant(granted), granted > 0, err
}

// byGrant compares attempts in the order of queue.AttemptTx.HeldBy.
func byGrant(a, b queue.Attempt) int {
	return cmp.Or(a.GrantedAt.Compare(b.GrantedAt), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
}
