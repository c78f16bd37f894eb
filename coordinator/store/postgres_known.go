package store

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// claim is what a transaction keeps to, besides tasks.
type claim struct {
	process string // "": none is claimed
	// whole: all leases of the process are among the known attempts.
	whole bool
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
