package queue

import "fmt"

// accept takes the result of an attempt that counts. If the task has an accepted
// result already, this is the run of `retry --diverged`.
func (c *call) accept(a Attempt, r Record) error {
	a.end(Accepted, "", c.now)
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	if err := c.tx.DeleteCheckpoint(a.Task); err != nil {
		return err
	}
	attempts, err := c.tx.Attempts(a.Task)
	if err != nil {
		return err
	}
	reported := digests(attempts)
	digest, diverged := agree(r.Accepted, a.Digest, reported)
	if digest == a.Digest {
		r.Compute = a.Compute
	}
	r.Accepted, r.Phase, r.Reason = digest, Done, ""
	if diverged {
		r.Phase, r.Reason = Diverged, divergence(reported)
	}
	r.Alone = false
	c.closed = true
	return c.tx.PutRecord(r)
}

// keepLate keeps a result that does not count, and compares it with the
// accepted one; if there is none yet, accept will. A process that reports was
// not lost, so nothing is blamed on the task for that.
func (c *call) keepLate(a Attempt, r Record) error {
	if a.Outcome == Lost || a.Outcome == Withdrawn {
		a.end(Late, a.Reason, a.EndedAt)
	}
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	attempts, err := c.tx.Attempts(a.Task)
	if err != nil {
		return err
	}
	if r.Phase == Done && a.Digest != r.Accepted {
		r.Phase, r.Reason = Diverged, divergence(digests(attempts))
	}
	r.Alone = r.Alone && c.policy.blame(attempts, r.Pardoned).alone
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

func divergence(reported []string) string {
	text := "results differ: attempts reported"
	for i, d := range reported {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %.12s…", d)
	}
	return text
}
