package queue

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// VerifyRequest says which finished tasks to run once more.
type VerifyRequest struct {
	Selection
	Share float64 // of them, above 0 and up to 1
	Seed  uint64  // chooses them: the same ones each time
}

// MaxVerified bounds the tasks of one Verify: their IDs must fit into an answer.
const MaxVerified = 200_000

// Verify has finished tasks run once more, so that their results are compared
// with what is stored, and returns them. Their rows stay done meanwhile, and
// their accepted results stay whatever comes of it. Tasks of the sweep that are
// being verified already, which may be what an interrupted verification has left,
// are left to it, and are among those returned whatever is selected: who waits
// for the one waits for the other.
//
// Errors: ErrInvalid if the share is none or makes more than MaxVerified tasks;
// those of Retry.
func (q *Queue) Verify(ctx context.Context, r VerifyRequest) ([]sweep.TaskID, error) {
	if !(r.Share > 0 && r.Share <= 1) {
		return nil, fmt.Errorf("verify: %w: share = %v: must be above 0 and up to 1", ErrInvalid, r.Share)
	}
	finished := func(r Record) bool { return r.Phase == Done || r.Verifying }
	tasks, err := q.chosen(ctx, r.Selection, finished, Done, BackingOff, Waiting, Leased)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	tasks = sample(tasks, r.Share, r.Seed)
	left, err := q.underWay(ctx, r.Sweep)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if n := len(union(tasks, left)); n > MaxVerified {
		return nil, fmt.Errorf("verify: %w: these are %d tasks: at most %d can be verified at once", ErrInvalid, n, MaxVerified)
	}
	made, err := q.alter(ctx, tasks, func(c *call, r Record) (change, error) {
		switch {
		case r.Verifying:
			return changed, nil
		case r.Phase != Done:
			return untouched, nil
		}
		r.Phase, r.Verifying, r.Reason, r.Pardoned = Waiting, true, "", r.Attempt
		c.stirred = true
		return changed, c.tx.PutRecord(r)
	})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return union(made[changed], left), nil
}

// underWay lists the tasks of a sweep, "" for all sweeps, that are being verified.
func (q *Queue) underWay(ctx context.Context, sweepID string) ([]sweep.TaskID, error) {
	some := false
	err := q.view(ctx, func(c *call) error {
		sweeps, err := c.sweepsOf(sweepID)
		if err != nil {
			return err
		}
		for _, s := range sweeps {
			tallies, err := c.tx.Tallies(s.Plan)
			if err != nil {
				return err
			}
			some = some || count(tallies).Verifying > 0
		}
		return nil
	})
	if err != nil || !some { // which spares a look at all tasks that are left to do
		return nil, err
	}
	verifying := func(r Record) bool { return r.Verifying }
	return q.chosen(ctx, Selection{Sweep: sweepID}, verifying, BackingOff, Waiting, Leased)
}

// union lists the tasks of both, each once, by ID.
func union(a, b []sweep.TaskID) []sweep.TaskID {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

// sample chooses a share of tasks, one at least: those whose IDs, hashed with
// the seed, come first. Which others there are makes little difference.
func sample(tasks []sweep.TaskID, share float64, seed uint64) []sweep.TaskID {
	count := min(len(tasks), int(math.Ceil(share*float64(len(tasks)))))
	rank := make(map[sweep.TaskID]uint64, len(tasks))
	for _, task := range tasks {
		digest := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(task), seed))
		rank[task] = binary.BigEndian.Uint64(digest[:])
	}
	chosen := slices.SortedFunc(slices.Values(tasks), func(a, b sweep.TaskID) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b))
	})[:count]
	slices.Sort(chosen)
	return chosen
}

// verify compares the result of a verification run with the stored one, and what
// tables show of that, before it is stored: it would take the place of an equal one
// that is gone.
func (c *call) verify(a Attempt, r Record, result StoredResult) error {
	d, err := c.compare(r.Accepted, a, result.Body)
	if err == nil && d == "" {
		d, err = c.compareMeasures(a, result)
	}
	if err != nil {
		return err
	}
	if err := c.tx.PutResult(a.Task, a.Digest, result); err != nil {
		return err
	}
	if d == "" {
		a.end(Verified, "", c.now)
	} else {
		a.end(Differed, clip(d, c.policy.MaxReason), c.now)
		r.Reason = a.Reason
	}
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	return c.endVerification(r, "")
}

// notVerified begins the reason of a done task whose verification came to nothing.
const notVerified = "could not be verified: "

// endVerification makes a task done again, with a remark, unless a result has
// contradicted the accepted one.
func (c *call) endVerification(r Record, remark string) error {
	r.Phase, r.Verifying, r.Alone, r.NotBefore = Diverged, false, false, time.Time{}
	if r.Reason == "" {
		r.Phase, r.Reason = Done, remark
	}
	c.closed = true
	if err := c.tx.DeleteCheckpoint(r.Task); err != nil {
		return err
	}
	return c.tx.PutRecord(r)
}
