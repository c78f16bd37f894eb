package store

import (
	"cmp"
	"slices"

	"spiqsweep/coordinator/queue"
)

const sweepColumns = `numerics, kernel_class, created_at, turn, plan, digest, note, parallel, paused, until, recording`

func (t *sqlTx) Sweep(id string) (queue.Sweep, bool, error) {
	return one(t, `SELECT id, name, revision, grid, `+sweepColumns+` FROM sweeps WHERE id = $1`, with(id), scanSweep)
}

func (t *sqlTx) Sweeps() (all []queue.Sweep, err error) {
	if t.cache.sweeps == nil {
		t.cache.sweeps, err = list(t, listSweeps, nil, scanSweep)
	}
	return slices.Clone(t.cache.sweeps), err
}

const listSweeps = `SELECT id, name, revision, NULL, ` + sweepColumns + ` FROM sweeps ORDER BY turn, id`

func scanSweep(r row) (s queue.Sweep, err error) {
	var created, until int64
	err = r.Scan(&s.ID, &s.Name, &s.Revision, &s.Grid, &s.Numerics, &s.KernelClass, &created, &s.Turn, &s.Plan, &s.Digest,
		&s.Note, &s.Parallel, &s.Paused, &until, &s.Recording)
	s.CreatedAt, s.Until = instant(created), instant(until)
	return s, err
}

func (t *sqlTx) PutSweep(s queue.Sweep) error {
	t.cache.sweeps, t.storedSweep = nil, true
	if err := t.exec(deleteDraft, s.Plan); err != nil {
		return err
	}
	return t.exec(`
		INSERT INTO sweeps (id, name, revision, grid, `+sweepColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET
			name = excluded.name, revision = excluded.revision, grid = excluded.grid, numerics = excluded.numerics,
			kernel_class = excluded.kernel_class, created_at = excluded.created_at, turn = excluded.turn,
			plan = excluded.plan, digest = excluded.digest, note = excluded.note, parallel = excluded.parallel,
			paused = excluded.paused, until = excluded.until, recording = excluded.recording`,
		s.ID, s.Name, s.Revision, notNull(s.Grid), s.Numerics, s.KernelClass, micros(s.CreatedAt), s.Turn, s.Plan, s.Digest,
		s.Note, s.Parallel, s.Paused, micros(s.Until), s.Recording)
}

func (t *sqlTx) SetTurn(id string, turn int64) error {
	if err := t.exec(t.setTurn, turn, id); err != nil {
		return err
	}
	if i := slices.IndexFunc(t.cache.sweeps, func(s queue.Sweep) bool { return s.ID == id }); i >= 0 {
		t.cache.sweeps[i].Turn = turn
		slices.SortFunc(t.cache.sweeps, func(a, b queue.Sweep) int { return cmp.Or(cmp.Compare(a.Turn, b.Turn), cmp.Compare(a.ID, b.ID)) })
	}
	return nil
}

func (t *sqlTx) DeleteSweep(id string) error {
	t.cache.sweeps = nil
	return t.exec(`DELETE FROM sweeps WHERE id = $1`, id)
}

// ClaimSweep always succeeds, since SQLite runs one transaction at a time.
func (t *sqlTx) ClaimSweep(string) (bool, error) { return true, nil }

func (t *sqlTx) Drafts() ([]queue.Draft, error) {
	return list(t, `SELECT plan, touched FROM drafts ORDER BY plan`, nil, func(r row) (d queue.Draft, err error) {
		var touched int64
		err = r.Scan(&d.Plan, &touched)
		d.Touched = instant(touched)
		return d, err
	})
}

func (t *sqlTx) PutDraft(d queue.Draft) error {
	return t.exec(`
		INSERT INTO drafts (plan, touched) VALUES ($1, $2)
		ON CONFLICT (plan) DO UPDATE SET touched = excluded.touched`, d.Plan, micros(d.Touched))
}

const deleteDraft = `DELETE FROM drafts WHERE plan = $1`
