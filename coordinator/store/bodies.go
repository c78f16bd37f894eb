package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Result(task sweep.TaskID, digest string) (r queue.StoredResult, found bool, err error) {
	found, err = t.get(`
		SELECT r.body, m.body
		FROM results r LEFT JOIN measures m ON m.task = r.task AND m.digest = r.digest
		WHERE r.task = $1 AND r.digest = $2`, with(task, digest), &r.Body, &r.Measures)
	return r, found, err
}

func (t *sqlTx) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	err := t.exec(`INSERT INTO results (task, digest, body) VALUES ($1, $2, $3) ON CONFLICT (task, digest) DO NOTHING`,
		task, digest, notNull(r.Body))
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO measures (task, digest, body) VALUES ($1, $2, $3) ON CONFLICT (task, digest) DO NOTHING`,
		task, digest, notNull(r.Measures))
}

func (t *sqlTx) DeleteResult(task sweep.TaskID, digest string) error {
	if err := t.exec(`DELETE FROM measures WHERE task = $1 AND digest = $2`, task, digest); err != nil {
		return err
	}
	return t.exec(`DELETE FROM results WHERE task = $1 AND digest = $2`, task, digest)
}

func (t *sqlTx) Checkpoint(task sweep.TaskID) (step uint64, body []byte, found bool, err error) {
	var stored int64
	found, err = t.get(`SELECT step, body FROM checkpoints WHERE task = $1`, with(task), &stored, &body)
	return uint64(stored), body, found, err
}

func (t *sqlTx) CheckpointStep(task sweep.TaskID) (uint64, error) {
	step, _, err := getEntry(&t.cache.steps, task, func() (uint64, bool, error) {
		var stored int64
		_, err := t.get(`SELECT step FROM checkpoints WHERE task = $1`, with(task), &stored)
		return uint64(stored), true, err
	})
	return step, err
}

func (t *sqlTx) PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error {
	err := t.exec(`
		INSERT INTO checkpoints (task, step, body) VALUES ($1, $2, $3)
		ON CONFLICT (task) DO UPDATE SET step = excluded.step, body = excluded.body`,
		task, int64(step), notNull(body))
	if err == nil {
		putEntry(&t.cache.steps, task, step)
	}
	return err
}

func (t *sqlTx) DeleteCheckpoint(task sweep.TaskID) error {
	if step, ok := t.cache.steps[task]; ok && step == 0 {
		return t.mayWrite()
	}
	err := t.exec(`DELETE FROM checkpoints WHERE task = $1`, task)
	if err == nil {
		putEntry(&t.cache.steps, task, 0)
	}
	return err
}

func (t *sqlTx) Recording(digest string) (body []byte, found bool, err error) {
	found, err = t.get(`SELECT body FROM recordings WHERE digest = $1`, with(digest), &body)
	return body, found, err
}

func (t *sqlTx) PutRecording(digest string, body []byte) error {
	return t.exec(`INSERT INTO recordings (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, digest, notNull(body))
}
