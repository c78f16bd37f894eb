package store

import (
	"encoding/json"
	"fmt"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	return one(t, `SELECT id, configuration, recording, cost FROM tasks WHERE id = $1`, with(task),
		func(r row) (s queue.Specification, err error) {
			var configuration []byte
			var cost int64
			if err = r.Scan(&s.ID, &configuration, &s.Recording, &cost); err != nil {
				return s, err
			}
			s.Cost = span(cost)
			s.Configuration, err = configurationOf(configuration)
			return s, err
		})
}

func (t *sqlTx) PutSpecification(s queue.Specification) error {
	configuration, err := json.Marshal(s.Configuration)
	if err != nil {
		return fmt.Errorf("encode the configuration of task %s: %w", s.ID, err)
	}
	return t.exec(`
		INSERT INTO tasks (id, configuration, recording, cost) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET
			configuration = excluded.configuration, recording = excluded.recording, cost = excluded.cost
		WHERE tasks.configuration <> excluded.configuration OR tasks.recording <> excluded.recording OR tasks.cost <> excluded.cost`,
		s.ID, string(configuration), s.Recording, s.Cost.Microseconds())
}

func (t *sqlTx) Record(task sweep.TaskID) (queue.Record, bool, error) {
	return one(t, `
		SELECT task, phase, attempt, pardoned, alone, not_before, accepted, compute, verifying, reason
		FROM records WHERE task = $1`, with(task),
		func(r row) (record queue.Record, err error) {
			var attempt, pardoned, notBefore, compute int64
			err = r.Scan(&record.Task, &record.Phase, &attempt, &pardoned, &record.Alone, &notBefore,
				&record.Accepted, &compute, &record.Verifying, &record.Reason)
			record.Attempt, record.Pardoned = uint64(attempt), uint64(pardoned)
			record.NotBefore, record.Compute = instant(notBefore), span(compute)
			return record, err
		})
}

func (t *sqlTx) PutRecord(r queue.Record) error {
	r.Compute = r.Compute.Truncate(time.Microsecond)
	before, found, err := t.phaseOf(r.Task)
	if err != nil {
		return err
	}
	err = t.exec(`
		INSERT INTO records (task, phase, attempt, pardoned, alone, not_before, accepted, compute, verifying, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (task) DO UPDATE SET
			phase = excluded.phase, attempt = excluded.attempt, pardoned = excluded.pardoned, alone = excluded.alone,
			not_before = excluded.not_before, accepted = excluded.accepted, compute = excluded.compute,
			verifying = excluded.verifying, reason = excluded.reason`,
		r.Task, r.Phase, int64(r.Attempt), int64(r.Pardoned), r.Alone, micros(r.NotBefore), r.Accepted, r.Compute.Microseconds(), r.Verifying, r.Reason)
	if err != nil || !found {
		return err // nothing refers to a new one yet
	}
	return t.move(before, r)
}

func (t *sqlTx) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	return list(t, `
		SELECT task FROM records WHERE phase = 'backing_off' AND not_before <= $1
		ORDER BY not_before, task LIMIT $2`, with(micros(now), limit), scanOne[sweep.TaskID])
}
