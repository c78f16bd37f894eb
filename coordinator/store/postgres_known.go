package store

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// claim is what came along with the locks of a transaction, besides tasks.
type claim struct {
	process  string // "": none is claimed
	presence *queue.Presence
	sweeps   []queue.Sweep
	// whole: all leases of the process are among the known attempts.
	whole bool
}

func (t *postgresTx) Presence(process string) (queue.Presence, bool, error) {
	if p := t.claim.presence; p != nil && p.ID == process {
		return *p, true, nil
	}
	return t.sqlTx.Presence(process)
}

func (t *postgresTx) PutPresence(p queue.Presence) error {
	t.claim.presence = nil
	return t.sqlTx.PutPresence(p)
}

func (t *postgresTx) Sweeps() ([]queue.Sweep, error) {
	if t.claim.sweeps != nil {
		return slices.Clone(t.claim.sweeps), nil
	}
	return t.sqlTx.Sweeps()
}

func (t *postgresTx) SetTurn(id string, turn int64) error {
	t.claim.sweeps = nil
	return t.sqlTx.SetTurn(id, turn)
}

func (t *postgresTx) PutAttempt(a queue.Attempt) error {
	_, known := t.known.attempts[a.Task]
	t.claim.whole = t.claim.whole && known
	return t.sqlTx.PutAttempt(a)
}

func (t *postgresTx) HeldBy(process string) ([]queue.Attempt, error) {
	if !t.claim.whole || t.claim.process != process {
		return t.sqlTx.HeldBy(process)
	}
	var held []queue.Attempt
	for _, history := range t.known.attempts {
		for _, a := range history {
			if a.Process == process && a.Outcome == queue.Live {
				held = append(held, a)
			}
		}
	}
	slices.SortFunc(held, byGrant)
	return held, nil
}
