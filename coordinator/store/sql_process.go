package store

import (
	"cmp"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
)

const processColumns = `id, host, version, numerics, kernel_class, kernel, slots, sequence, first_seen, last_seen, deadline, unheard, leaving`

func scanPresence(r row) (p queue.Presence, err error) {
	var sequence, firstSeen, lastSeen, deadline int64
	err = r.Scan(&p.ID, &p.Host, &p.Version, &p.Numerics, &p.KernelClass, &p.Kernel, &p.Slots,
		&sequence, &firstSeen, &lastSeen, &deadline, &p.Unheard, &p.Leaving)
	p.Sequence = uint64(sequence)
	p.FirstSeen, p.LastSeen, p.Deadline = instant(firstSeen), instant(lastSeen), instant(deadline)
	return p, err
}

const findProcess = `SELECT ` + processColumns + ` FROM processes WHERE id = $1`

func (t *sqlTx) Presence(process string) (queue.Presence, bool, error) {
	return ask(&t.known.presences, process, func() (queue.Presence, bool, error) {
		return one(t, findProcess, with(process), scanPresence)
	})
}

func (t *sqlTx) PutPresence(p queue.Presence) error {
	p.FirstSeen, p.LastSeen, p.Deadline = stored(p.FirstSeen), stored(p.LastSeen), stored(p.Deadline)
	err := t.exec(`
		INSERT INTO processes (`+processColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET
			host = excluded.host, version = excluded.version, numerics = excluded.numerics, kernel_class = excluded.kernel_class,
			kernel = excluded.kernel, slots = excluded.slots, sequence = excluded.sequence,
			first_seen = excluded.first_seen, last_seen = excluded.last_seen,
			deadline = excluded.deadline, unheard = excluded.unheard, leaving = excluded.leaving`,
		p.ID, p.Host, p.Version, p.Numerics, p.KernelClass, p.Kernel, p.Slots, int64(p.Sequence),
		micros(p.FirstSeen), micros(p.LastSeen), micros(p.Deadline), p.Unheard, p.Leaving)
	if err == nil {
		note(&t.known.presences, p.ID, p)
	}
	return err
}

func (t *sqlTx) Present() ([]queue.Presence, error) {
	return t.presences(`SELECT ` + processColumns + ` FROM processes WHERE deadline > 0`)
}

func (t *sqlTx) Overdue(now time.Time) ([]queue.Presence, error) {
	return t.presences(`SELECT `+processColumns+` FROM processes WHERE deadline > 0 AND deadline <= $1`, micros(now))
}

func (t *sqlTx) LastTick() (time.Time, error) {
	var at int64
	_, err := t.get(`SELECT at FROM ticks WHERE id = 0`, nil, &at)
	return instant(at), err
}

func (t *sqlTx) PutLastTick(at time.Time) error {
	return t.exec(`INSERT INTO ticks (id, at) VALUES (0, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at`, micros(at))
}

// presences sorts here: an index by deadline finds them, the other would read
// every process there ever was.
func (t *sqlTx) presences(query string, args ...any) ([]queue.Presence, error) {
	found, err := list(t, query, args, scanPresence)
	slices.SortFunc(found, func(a, b queue.Presence) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}
