package store

import (
	"cmp"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

const attemptColumns = `a.task, a.attempt, a.process, a.host, a.kernel, a.granted_at, a.ended_at, a.from_step,
	a.started, a.step, a.saved_step, a.outcome, a.sole_task, a.excused, a.reason, a.log, a.digest, a.compute`

// scanAttempt reads attemptColumns, and what stands before them.
func scanAttempt(r row, before ...any) (a queue.Attempt, err error) {
	var number, granted, ended, resumed, step, saved, compute int64
	err = r.Scan(append(before, &a.Task, &number, &a.Process, &a.Host, &a.Kernel, &granted, &ended, &resumed,
		&a.Started, &step, &saved, &a.Outcome, &a.SoleTask, &a.Excused, &a.Reason, &a.Log, &a.Digest, &compute)...)
	a.Attempt, a.From, a.Step, a.Saved = uint64(number), uint64(resumed), uint64(step), uint64(saved)
	a.GrantedAt, a.EndedAt, a.Compute = instant(granted), instant(ended), span(compute)
	return a, err
}

func scanAttemptAlone(r row) (queue.Attempt, error) { return scanAttempt(r) }

func (t *sqlTx) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	if history, ok := t.known.attempts[l.Task]; ok {
		i := slices.IndexFunc(history, func(a queue.Attempt) bool { return a.Attempt == l.Attempt })
		if i < 0 {
			return queue.Attempt{}, false, nil
		}
		return history[i], true, nil
	}
	return one(t, `SELECT `+attemptColumns+` FROM attempts a WHERE a.task = $1 AND a.attempt = $2`,
		with(l.Task, int64(l.Attempt)), scanAttemptAlone)
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
		t.known.attempt(a)
	}
	return err
}

func (t *sqlTx) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	history, _, err := ask(&t.known.attempts, task, func() ([]queue.Attempt, bool, error) {
		history, err := list(t, `SELECT `+attemptColumns+` FROM attempts a WHERE a.task = $1 ORDER BY a.attempt`, with(task), scanAttemptAlone)
		return history, !slices.ContainsFunc(history, func(a queue.Attempt) bool { return a.Log != "" }), err
	})
	return slices.Clone(history), err
}

func (t *sqlTx) HeldBy(process string) ([]queue.Attempt, error) {
	return list(t, `
		SELECT `+attemptColumns+` FROM attempts a WHERE a.process = $1 AND a.outcome = ''
		ORDER BY a.granted_at, a.task, a.attempt`, with(process), scanAttemptAlone)
}

// byGrant is the order of queue.AttemptTx.HeldBy.
func byGrant(a, b queue.Attempt) int {
	return cmp.Or(a.GrantedAt.Compare(b.GrantedAt), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
}
