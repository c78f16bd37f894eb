package queue

import "spiqsweep/sweep"

// accept takes the result of an attempt that counts. If the task has an accepted
// result already, this is the run of `retry --diverged`.
func (c *call) accept(a Attempt, r Record, result StoredResult) error {
	a.end(Accepted, "", c.now)
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	if err := c.tx.DeleteCheckpoint(a.Task); err != nil {
		return err
	}
	attempts := []Attempt{a}
	if r.Attempt > 1 { // else it is the only one
		var err error
		if attempts, err = c.tx.Attempts(a.Task); err != nil {
			return err
		}
	}
	digest, diverged := agree(r.Accepted, a.Digest, digests(attempts))
	if r.Accepted != "" {
		intact, err := c.mend(a, digest, result)
		if err != nil {
			return err
		}
		diverged = diverged || !intact
	}
	if digest == a.Digest {
		r.Compute = a.Compute
	}
	r.Accepted, r.Phase, r.Reason, r.Alone = digest, Done, "", false
	c.closed = true
	if diverged {
		return c.diverge(r, attempts)
	}
	return c.tx.PutRecord(r)
}

// mend puts a result in its place again that was altered in the store since it
// was accepted, if the attempt has reported the same. It says whether what is
// stored is what was accepted.
func (c *call) mend(a Attempt, accepted string, result StoredResult) (intact bool, err error) {
	intact, err = c.intact(a.Task, accepted)
	if err != nil || intact || a.Digest != accepted {
		return intact, err
	}
	if err := c.tx.DeleteResult(a.Task, accepted); err != nil {
		return false, err
	}
	return true, c.tx.PutResult(a.Task, accepted, result)
}

// intact says whether a stored result is what its digest says, and what tables
// show of it is its own.
func (c *call) intact(task sweep.TaskID, digest string) (bool, error) {
	body, found, err := c.tx.Result(task, digest)
	if err != nil || !found || sweep.Digest(body) != digest {
		return false, err
	}
	shown, _, err := c.tx.Measures(task, digest)
	if err != nil {
		return false, err
	}
	result, err := sweep.DecodeResult(body)
	if err != nil {
		return true, nil //nolint:nilerr // another program has believed it, and what it measures is not known here
	}
	own, err := result.Measures().Encode()
	return string(own) == string(shown), err
}

// keepLate keeps a result that does not count, and compares it with the
// accepted one; if there is none yet, accept will. A process that reports was
// not lost, so nothing is blamed on the task for that.
func (c *call) keepLate(a Attempt, r Record) error {
	if a.Outcome == Lost || a.Outcome == Withdrawn || a.Outcome == Cancelled {
		a.end(Late, a.Reason, a.EndedAt)
	}
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	attempts, err := c.tx.Attempts(a.Task)
	if err != nil {
		return err
	}
	r.Alone = r.Alone && c.policy.blame(attempts, r.Pardoned).alone
	switch {
	case r.Accepted == "" || a.Digest == r.Accepted:
	case r.Phase == Done:
		return c.diverge(r, attempts)
	case r.Verifying: // it diverges when that has ended
		if r.Reason, err = c.contradiction(r.Accepted, attempts); err != nil {
			return err
		}
	}
	return c.tx.PutRecord(r)
}

// diverge notes that the results of a task differ, and how.
func (c *call) diverge(r Record, attempts []Attempt) (err error) {
	if r.Reason, err = c.contradiction(r.Accepted, attempts); err != nil {
		return err
	}
	r.Phase = Diverged
	return c.tx.PutRecord(r)
}

// digests lists the results that attempts reported, by number.
func digests(attempts []Attempt) []string {
	var reported []string
	for _, a := range attempts {
		if a.Digest != "" {
			reported = append(reported, a.Digest)
		}
	}
	return reported
}

// agree says which of the reported results counts, and whether another
// contradicts it. Without an accepted one it is the newest, contradicted by any
// that differs. Otherwise, when there are at least two, it is the one that more
// attempts agree on than on any other; if there is none, the accepted one stays,
// contradicted.
func agree(accepted, newest string, reported []string) (digest string, diverged bool) {
	votes := map[string]int{}
	for _, d := range reported {
		votes[d]++
	}
	if accepted == "" {
		return newest, len(votes) > 1
	}
	best, tied := "", false
	for d, n := range votes {
		switch {
		case n > votes[best]:
			best, tied = d, false
		case n == votes[best]:
			tied = true
		}
	}
	if tied {
		return accepted, true
	}
	return best, false
}
