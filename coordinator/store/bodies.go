package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/protocol"
	"spiqsweep/sweep"
)

func (t *sqlTx) Result(task sweep.TaskID, digest string) (r queue.StoredResult, found bool, err error) {
	found, err = t.get(`
		SELECT b.body, m.body
		FROM records r JOIN results b ON b.task = r.task LEFT JOIN measures m ON m.task = b.task AND m.digest = b.digest
		WHERE r.id = $1 AND b.digest = $2`, with(task, digest), &r.Body, &r.Measures)
	r.Body = unpacked(r.Body)
	return r, found, err
}

// A body of a result is stored as its worker has compressed it, unless that is longer: it has
// half of the size, and need not be compressed again. Versions before 5 of the schema, and
// callers without a compressed body, store JSON.

// packed returns the form of a result's body that is stored.
func packed(r queue.StoredResult) []byte {
	if protocol.IsPacked(r.Packed) && len(r.Packed) < len(r.Body) {
		return r.Packed
	}
	return notNull(r.Body)
}

// unpacked is the inverse of packed. It returns a body that cannot be uncompressed unchanged, so
// that its digest differs.
func unpacked(body []byte) []byte {
	if !protocol.IsPacked(body) {
		return body
	}
	unpacked, err := protocol.Unpack(body, protocol.MaxUnpackedBytes)
	if err != nil {
		return body
	}
	return unpacked
}

func (t *sqlTx) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	key, err := t.key(task)
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO results (task, digest, body) VALUES ($1, $2, $3) ON CONFLICT (task, digest) DO NOTHING`,
		key, digest, packed(r))
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO measures (task, digest, body) VALUES ($1, $2, $3) ON CONFLICT (task, digest) DO NOTHING`,
		key, digest, notNull(r.Measures))
}

func (t *sqlTx) DeleteResult(task sweep.TaskID, digest string) error {
	key, err := t.key(task)
	if err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM measures WHERE task = $1 AND digest = $2`, key, digest); err != nil {
		return err
	}
	return t.exec(`DELETE FROM results WHERE task = $1 AND digest = $2`, key, digest)
}

func (t *sqlTx) Checkpoint(task sweep.TaskID) (step uint64, body []byte, found bool, err error) {
	var stored int64
	found, err = t.get(`SELECT r.saved_step, c.body FROM records r JOIN checkpoints c ON c.task = r.task WHERE r.id = $1`,
		with(task), &stored, &body)
	return uint64(stored), body, found, err
}

func (t *sqlTx) CheckpointStep(task sweep.TaskID) (uint64, error) {
	s, _, err := t.storedRecord(task)
	return s.saved, err
}

func (t *sqlTx) PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error {
	key, err := t.key(task)
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO checkpoints (task, body) VALUES ($1, $2) ON CONFLICT (task) DO UPDATE SET body = excluded.body`,
		key, notNull(body))
	if err != nil {
		return err
	}
	return t.setSavedStep(task, step)
}

func (t *sqlTx) DeleteCheckpoint(task sweep.TaskID) error {
	s, _, err := t.storedRecord(task)
	if err != nil {
		return err
	}
	if s.saved == 0 {
		return t.mayWrite()
	}
	if err := t.exec(`DELETE FROM checkpoints WHERE task = $1`, s.key); err != nil {
		return err
	}
	return t.setSavedStep(task, 0)
}

func (t *sqlTx) setSavedStep(task sweep.TaskID, step uint64) error {
	s := t.cache.records[task]
	s.saved = step
	err := t.exec(`UPDATE records SET saved_step = $2 WHERE task = $1`, s.key, int64(step))
	if err == nil {
		putEntry(&t.cache.records, task, s)
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
