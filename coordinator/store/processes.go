package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
)

const processColumns = `id, host, version, numerics, kernel_class, kernel, slots, sequence, first_seen, last_seen, deadline, excuse_loss, leaving, engine_job`

func scanPresence(r row) (p queue.Presence, err error) {
	var sequence, firstSeen, lastSeen, deadline int64
	err = r.Scan(&p.ID, &p.Host, &p.Version, &p.Numerics, &p.KernelClass, &p.Kernel, &p.Slots,
		&sequence, &firstSeen, &lastSeen, &deadline, &p.ExcuseLoss, &p.Leaving, &p.EngineJob)
	p.Sequence = uint64(sequence)
	p.FirstSeen, p.LastSeen, p.Deadline = instant(firstSeen), instant(lastSeen), instant(deadline)
	return p, err
}

func (t *sqlTx) Presence(process string) (queue.Presence, bool, error) {
	return getEntry(&t.cache.presences, process, func() (queue.Presence, bool, error) {
		return one(t, `SELECT `+processColumns+` FROM processes WHERE id = $1`, with(process), scanPresence)
	})
}

func (t *sqlTx) PutPresence(p queue.Presence) error {
	p.FirstSeen, p.LastSeen, p.Deadline = stored(p.FirstSeen), stored(p.LastSeen), stored(p.Deadline)
	err := t.exec(`
		INSERT INTO processes (`+processColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET
			host = excluded.host, version = excluded.version, numerics = excluded.numerics, kernel_class = excluded.kernel_class,
			kernel = excluded.kernel, slots = excluded.slots, sequence = excluded.sequence,
			first_seen = excluded.first_seen, last_seen = excluded.last_seen,
			deadline = excluded.deadline, excuse_loss = excluded.excuse_loss, leaving = excluded.leaving,
			engine_job = excluded.engine_job`,
		p.ID, p.Host, p.Version, p.Numerics, p.KernelClass, p.Kernel, p.Slots, int64(p.Sequence),
		micros(p.FirstSeen), micros(p.LastSeen), micros(p.Deadline), p.ExcuseLoss, p.Leaving, p.EngineJob)
	if err == nil {
		putEntry(&t.cache.presences, p.ID, p)
	}
	return err
}

func (t *sqlTx) Tick(now time.Time) (time.Time, error) {
	if err := t.mayWrite(); err != nil {
		return time.Time{}, err
	}
	var last int64
	if _, err := t.get(`SELECT at FROM ticks WHERE id = 0`, nil, &last); err != nil {
		return time.Time{}, err
	}
	return instant(last), t.exec(`INSERT INTO ticks (id, at) VALUES (0, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at`, micros(now))
}

// Present sorts in Go. ORDER BY id would make the database read all processes, including
// those without a deadline, instead of the index on deadline.
func (t *sqlTx) Present(until time.Time) ([]queue.Presence, error) {
	last := int64(math.MaxInt64)
	if !until.IsZero() {
		last = micros(until)
	}
	found, err := list(t, `SELECT `+processColumns+` FROM processes WHERE deadline > 0 AND deadline <= $1`, with(last), scanPresence)
	slices.SortFunc(found, func(a, b queue.Presence) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}
