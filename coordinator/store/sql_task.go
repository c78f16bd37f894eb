package store

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	return ask(&t.known.specifications, task, func() (queue.Specification, bool, error) {
		return one(t, `SELECT `+specificationColumns+` FROM tasks t WHERE t.id = $1`, with(task), scanSpecification)
	})
}

const specificationColumns = `t.id, t.configuration, t.recording, t.cost`

// scanSpecification reads specificationColumns.
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
	delete(t.known.specifications, s.ID)
	return t.exec(`
		INSERT INTO tasks (id, configuration, recording, cost) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET
			configuration = excluded.configuration, recording = excluded.recording, cost = excluded.cost
		WHERE tasks.configuration <> excluded.configuration OR tasks.recording <> excluded.recording OR tasks.cost <> excluded.cost`,
		s.ID, string(sweep.Canonical(s.Configuration)), s.Recording, s.Cost.Microseconds())
}

const recordNames = `task, phase, attempt, pardoned, exclusive, not_before, accepted, compute, verifying, reason`

const recordColumns = `r.task, r.phase, r.attempt, r.pardoned, r.exclusive, r.not_before, r.accepted, r.compute, r.verifying, r.reason`

// scanRecord reads recordColumns, and what stands before them.
func scanRecord(r row, before ...any) (record queue.Record, err error) {
	var attempt, pardoned, notBefore, compute int64
	err = r.Scan(append(before, &record.Task, &record.Phase, &attempt, &pardoned, &record.Exclusive, &notBefore,
		&record.Accepted, &compute, &record.Verifying, &record.Reason)...)
	record.Attempt, record.Pardoned = uint64(attempt), uint64(pardoned)
	record.NotBefore, record.Compute = instant(notBefore), span(compute)
	return record, err
}

func scanRecordAlone(r row) (queue.Record, error) { return scanRecord(r) }

func (t *sqlTx) Record(task sweep.TaskID) (queue.Record, bool, error) {
	return ask(&t.known.records, task, func() (queue.Record, bool, error) {
		return one(t, `SELECT `+recordColumns+` FROM records r WHERE r.task = $1`, with(task), scanRecordAlone)
	})
}

// insertRecord returns the record of a task, and adds a waiting one if there is none: on
// a conflict the update changes nothing, but has the record returned.
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
	note(&t.known.records, r.Task, r)
	if !found {
		return nil // nothing refers to a new one yet
	}
	return t.move(before, r)
}

func (t *sqlTx) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	return list(t, `
		SELECT task FROM records WHERE phase = 'backing_off' AND not_before <= $1
		ORDER BY not_before, task LIMIT $2`, with(micros(now), limit), scanOne[sweep.TaskID])
}
