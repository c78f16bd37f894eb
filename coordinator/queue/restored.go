package queue

import (
	"fmt"
	"time"
)

// A store can go back in time: a backup is restored, or an asynchronous standby
// promoted, while workers run. It does not have the leases then that it granted in the
// meantime, or has granted their numbers again. A proof that comes with a lease
// (service) tells such a lease from one that was made up. A finished result under one
// is not lost: it counts unless the task has a result, and is compared with it otherwise.

// restoredReason says why the store does not have a proven lease.
const restoredReason = "the store is older than its workers: a backup was restored, or a standby promoted that lacked the last commits"

// missing reports whether a proven lease of a process is not in the store, and notes it.
func (c *call) missing(p Process, l Lease, proven bool) (bool, error) {
	if !proven {
		return false, nil
	}
	a, found, err := c.tx.Attempt(l)
	if err != nil || found && a.Process == p.ID {
		return false, err
	}
	if c.older == "" {
		c.older = fmt.Sprintf("%s: it does not have attempt %d of task %s, which a worker on %s holds; finished results of such leases are kept and compared, "+
			"everything else that is missing runs again", restoredReason, l.Attempt, l.Task, p.Host)
	}
	return true, nil
}

// judgeMissing judges a report under a lease that the store has lost.
func (c *call) judgeMissing(p Process, r Report, f finding) (Judgement, string, error) {
	record, found, err := c.tx.Record(r.Task)
	switch {
	case err != nil:
		return "", "", err
	case !found:
		return JudgedInvalid, fmt.Sprintf("task %s is not in the store: %s", r.Task, restoredReason), nil
	case r.Result == nil:
		return JudgedLate, restoredReason, nil
	}
	s, err := c.specification(r.Task)
	if err != nil {
		return "", "", err
	}
	if fault := f.disbelief(s.Configuration); fault != nil { // no attempt of the task to blame
		return JudgedInvalid, clip(fault.Error(), c.policy.MaxReason), nil
	}
	attempts, err := c.tx.Attempts(r.Task)
	if err != nil {
		return "", "", err
	}
	for _, a := range attempts {
		if a.Process == p.ID && a.Digest == r.Result.Digest {
			return JudgedAlready, "", nil
		}
	}
	a := Attempt{
		Lease:   Lease{Task: r.Task, Attempt: record.Attempt + 1},
		Process: p.ID, Host: p.Host, Kernel: p.Kernel, GrantedAt: c.now.Add(-r.Result.ComputeTime),
		Started: true, Step: uint64(s.Configuration.Training.Steps), Digest: r.Result.Digest, Compute: r.Result.ComputeTime,
	}
	stored := StoredResult{Body: r.Result.Body, Measures: f.measures}
	if record.Phase == Leased {
		if err := c.revoke(record, Withdrawn, "a result of an earlier grant came in"); err != nil {
			return "", "", err
		}
	}
	settled := record.Phase == Done || record.Phase == Diverged
	record.Attempt, record.NotBefore = a.Attempt, time.Time{}
	if record.Verifying {
		return JudgedAccepted, "", c.verify(a, record, stored)
	}
	if err := c.tx.PutResult(a.Task, a.Digest, stored); err != nil {
		return "", "", err
	}
	if settled {
		a.end(Late, restoredReason, c.now)
		return JudgedLate, restoredReason, c.keepLate(a, record)
	}
	return JudgedAccepted, "", c.accept(a, record, stored)
}
