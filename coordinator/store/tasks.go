package store

import (
	"cmp"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	return getEntry(&t.cache.specifications, task, func() (queue.Specification, bool, error) {
		return one(t, `SELECT `+specificationColumns+` FROM tasks t WHERE t.id = $1`, with(task), scanSpecification)
	})
}

const specificationColumns = `t.id, t.configuration, t.recording, t.cost`

func scanSpecification(r row) (s queue.Specification, err error) {
	var configuration []byte
	var cost int64
	if err = r.Scan(&s.ID, &configuration, &s.Recording, &cost); err != nil {
		return s, err
	}
	s.Cost = span(cost)
	s.Configuration, err = sweep.RestoreConfiguration(configuration)
	return s, err
}

func (t *sqlTx) putSpecification(s queue.Specification) error {
	delete(t.cache.specifications, s.ID)
	return t.exec(`
		INSERT INTO tasks (id, configuration, recording, cost) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET
			configuration = excluded.configuration, recording = excluded.recording, cost = excluded.cost
		WHERE tasks.configuration <> excluded.configuration OR tasks.recording <> excluded.recording OR tasks.cost <> excluded.cost`,
		s.ID, string(sweep.Canonical(s.Configuration)), s.Recording, s.Cost.Microseconds())
}

const recordNames = `task, phase, attempt, pardoned, exclusive, not_before, accepted, compute, verifying, reason`

const recordColumns = `r.task, r.phase, r.attempt, r.pardoned, r.exclusive, r.not_before, r.accepted, r.compute, r.verifying, r.reason`

func scanRecord(r row) (queue.Record, error) { return scanRecordAfter(r) }

// scanRecordAfter scans the columns before recordColumns, then those.
func scanRecordAfter(r row, before ...any) (record queue.Record, err error) {
	var attempt, pardoned, notBefore, compute int64
	err = r.Scan(append(before, &record.Task, &record.Phase, &attempt, &pardoned, &record.Exclusive, &notBefore,
		&record.Accepted, &compute, &record.Verifying, &record.Reason)...)
	record.Attempt, record.Pardoned = uint64(attempt), uint64(pardoned)
	record.NotBefore, record.Compute = instant(notBefore), span(compute)
	return record, err
}

func (t *sqlTx) Record(task sweep.TaskID) (queue.Record, bool, error) {
	return getEntry(&t.cache.records, task, func() (queue.Record, bool, error) {
		return one(t, `SELECT `+recordColumns+` FROM records r WHERE r.task = $1`, with(task), scanRecord)
	})
}

// insertRecord adds a waiting record of a task if there is none, and returns the task's
// record. On a conflict, the update changes nothing but makes RETURNING return the row.
const insertRecord = `
	INSERT INTO records (` + recordNames + `) VALUES ($1, 'waiting', 0, 0, FALSE, 0, '', 0, FALSE, '')
	ON CONFLICT (task) DO UPDATE SET task = excluded.task RETURNING ` + recordNames

func (t *sqlTx) PutRecord(r queue.Record) error {
	r.Compute, r.NotBefore = r.Compute.Truncate(time.Microsecond), stored(r.NotBefore)
	before, found, err := t.Record(r.Task)
	if err != nil {
		return err
	}
	err = t.exec(`
		INSERT INTO records (`+recordNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (task) DO UPDATE SET
			phase = excluded.phase, attempt = excluded.attempt, pardoned = excluded.pardoned, exclusive = excluded.exclusive,
			not_before = excluded.not_before, accepted = excluded.accepted, compute = excluded.compute,
			verifying = excluded.verifying, reason = excluded.reason`,
		r.Task, r.Phase, int64(r.Attempt), int64(r.Pardoned), r.Exclusive, micros(r.NotBefore), r.Accepted, r.Compute.Microseconds(), r.Verifying, r.Reason)
	if err != nil {
		return err
	}
	putEntry(&t.cache.records, r.Task, r)
	if !found {
		return nil // no plan refers to a task without a record
	}
	return t.updateTallies(before, r)
}

func (t *sqlTx) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	return list(t, `
		SELECT task FROM records WHERE phase = 'backing_off' AND not_before <= $1
		ORDER BY not_before, task LIMIT $2`, with(micros(now), limit), scanOne[sweep.TaskID])
}

const attemptColumns = `a.task, a.attempt, a.process, a.host, a.kernel, a.granted_at, a.ended_at, a.from_step,
	a.started, a.step, a.saved_step, a.outcome, a.sole_task, a.excused, a.reason, a.log, a.digest, a.compute`

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
	return one(t, `SELECT `+attemptColumns+` FROM attempts a WHERE a.task = $1 AND a.attempt = $2`,
		with(l.Task, int64(l.Attempt)), scanAttempt)
}

func (t *sqlTx) PutAttempt(a queue.Attempt) error {
	a.GrantedAt, a.EndedAt, a.Compute = stored(a.GrantedAt), stored(a.EndedAt), a.Compute.Truncate(time.Microsecond)
	err := t.exec(`
		INSERT INTO attempts (task, attempt, process, host, kernel, granted_at, ended_at, from_step,
			started, step, saved_step, outcome, sole_task, excused, reason, log, digest, compute)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (task, attempt) DO UPDATE SET
			ended_at = excluded.ended_at, started = excluded.started, step = excluded.step, saved_step = excluded.saved_step,
			outcome = excluded.outcome, sole_task = excluded.sole_task, excused = excluded.excused, reason = excluded.reason, log = excluded.log,
			digest = excluded.digest, compute = excluded.compute`,
		a.Task, int64(a.Attempt), a.Process, a.Host, a.Kernel, micros(a.GrantedAt), micros(a.EndedAt), int64(a.From),
		a.Started, int64(a.Step), int64(a.Saved), a.Outcome, a.SoleTask, a.Excused, a.Reason, a.Log, a.Digest, a.Compute.Microseconds())
	if err == nil {
		t.cache.putAttempt(a)
	}
	return err
}

func (t *sqlTx) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	history, _, err := getEntry(&t.cache.attempts, task, func() ([]queue.Attempt, bool, error) {
		history, err := list(t, `SELECT `+attemptColumns+` FROM attempts a WHERE a.task = $1 ORDER BY a.attempt`, with(task), scanAttempt)
		cacheable := !slices.ContainsFunc(history, func(a queue.Attempt) bool { return a.Log != "" })
		return history, cacheable, err
	})
	return slices.Clone(history), err
}

func (t *sqlTx) HeldBy(process string) ([]queue.Attempt, error) {
	return list(t, `
		SELECT `+attemptColumns+` FROM attempts a WHERE a.process = $1 AND a.outcome = ''
		ORDER BY a.granted_at, a.task, a.attempt`, with(process), scanAttempt)
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
