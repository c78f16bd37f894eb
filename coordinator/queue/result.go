package queue

import (
	"fmt"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// accept applies the result of an attempt. If the task already has an accepted result,
// the attempt is the run of `retry --diverged`.
func (c *call) accept(a Attempt, r Record, result StoredResult) error {
	a.end(Accepted, "", c.now)
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	if err := c.tx.DeleteCheckpoint(a.Task); err != nil {
		return err
	}
	attempts := []Attempt{a}
	if r.Attempt > 1 {
		var err error
		if attempts, err = c.tx.Attempts(a.Task); err != nil {
			return err
		}
	}
	digest, diverged := agree(r.Accepted, a.Digest, digests(attempts))
	if r.Accepted != "" {
		intact, err := c.repair(a, digest, result)
		if err != nil {
			return err
		}
		diverged = diverged || !intact
	}
	if digest == a.Digest {
		r.Compute = a.Compute
	}
	r.Accepted, r.Phase, r.Reason, r.Exclusive, r.NotBefore = digest, Done, "", false, time.Time{}
	c.closed = true
	if diverged {
		return c.diverge(r, attempts)
	}
	return c.tx.PutRecord(r)
}

// repair replaces a stored result that was altered after it was accepted, if the
// attempt has reported the accepted result. It reports whether the stored result is
// intact.
func (c *call) repair(a Attempt, accepted string, result StoredResult) (intact bool, err error) {
	intact, err = c.intact(a.Task, accepted)
	if err != nil || intact || a.Digest != accepted {
		return intact, err
	}
	if err := c.tx.DeleteResult(a.Task, accepted); err != nil {
		return false, err
	}
	return true, c.tx.PutResult(a.Task, accepted, result)
}

// intact reports whether a stored result matches its digest and its measures.
func (c *call) intact(task sweep.TaskID, digest string) (bool, error) {
	stored, found, err := c.tx.Result(task, digest)
	if err != nil || !found || sweep.ResultDigest(stored.Body) != digest {
		return false, err
	}
	result, err := sweep.DecodeResult(stored.Body)
	if err != nil {
		return true, nil //nolint:nilerr // another version of the program has accepted it; its measures cannot be checked
	}
	own, err := result.Measures().Encode()
	return err == nil && sweep.SameMeasures(stored.Measures, own), err
}

// keepLate records the late result of an older attempt and compares it with the accepted
// one; if there is none yet, accept compares them. A process that reports was not lost, so
// the attempt no longer counts as a loss.
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
	r.Exclusive = r.Exclusive && c.policy.blame(attempts, r.Pardoned).exclusive
	switch {
	case r.Accepted == "" || a.Digest == r.Accepted:
	case r.Phase == Done:
		return c.diverge(r, attempts)
	case r.Verifying: // the task diverges at the end of the verification
		if r.Reason, err = c.contradiction(r.Accepted, attempts); err != nil {
			return err
		}
	}
	return c.tx.PutRecord(r)
}

// diverge marks a task as diverged and stores how its results differ.
func (c *call) diverge(r Record, attempts []Attempt) (err error) {
	if r.Reason, err = c.contradiction(r.Accepted, attempts); err != nil {
		return err
	}
	r.Phase = Diverged
	return c.tx.PutRecord(r)
}

// digests lists the digests that attempts reported, in their order.
func digests(attempts []Attempt) []string {
	var reported []string
	for _, a := range attempts {
		if a.Digest != "" {
			reported = append(reported, a.Digest)
		}
	}
	return reported
}

// agree chooses the accepted result among those reported and reports whether the task
// has diverged. Without an accepted result it chooses the newest, and the task has
// diverged if any differs. Otherwise it chooses the result that most attempts agree on;
// if there is a tie, the accepted one stays and the task has diverged.
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

// compare compares a reported result with the stored accepted one and describes how
// they differ. It returns "" only if the stored bytes match the accepted digest and the
// attempt reported the same digest.
func (c *call) compare(accepted string, a Attempt, body []byte) (string, error) {
	stored, found, err := c.tx.Result(a.Task, accepted)
	if err != nil {
		return "", err
	}
	altered := found && sweep.ResultDigest(stored.Body) != accepted
	if found && !altered && a.Digest == accepted {
		return "", nil
	}
	origin, err := c.reporter(a.Task, accepted)
	if err != nil {
		return "", err
	}
	d, differ := sweep.FirstDifference(stored.Body, body)
	switch {
	case !found:
		return fmt.Sprintf("the result of %s is not in the store", origin), nil
	case altered && differ:
		return fmt.Sprintf("the stored result of %s was altered since it was accepted: %s is %s, and %s by %s",
			origin, d.Path, d.First, d.Second, a.source()), nil
	case altered:
		return fmt.Sprintf("the stored result of %s was altered since it was accepted: it is now that of %s", origin, a.source()), nil
	case sweep.ResultDigest(body) != a.Digest:
		return fmt.Sprintf("results differ: the digest of %s is %s, and %s of %s, whose result was altered or is gone",
			origin, accepted, a.Digest, a.source()), nil
	default:
		return fmt.Sprintf("results differ: %s is %s by %s, and %s by %s", d.Path, d.First, origin, d.Second, a.source()), nil
	}
}

// compareMeasures compares the stored measures of the accepted result with those of the
// same result as an attempt has reported it, and describes how they differ.
func (c *call) compareMeasures(a Attempt, result StoredResult) (string, error) {
	stored, _, err := c.tx.Result(a.Task, a.Digest)
	if err != nil {
		return "", err
	}
	if sweep.SameMeasures(stored.Measures, result.Measures) {
		return "", nil
	}
	d, _ := sweep.FirstDifference(stored.Measures, result.Measures)
	origin, err := c.reporter(a.Task, a.Digest)
	return fmt.Sprintf("the measures of the result of %s were altered since it was accepted: %s is %s, and %s in the result",
		origin, d.Path, d.First, d.Second), err
}

// reporter describes the first attempt that reported a digest.
func (c *call) reporter(task sweep.TaskID, digest string) (string, error) {
	attempts, err := c.tx.Attempts(task)
	for _, a := range attempts {
		if a.Digest == digest {
			return a.source(), err
		}
	}
	return "an unknown attempt", err
}

// source describes an attempt and its holder.
func (a Attempt) source() string {
	return fmt.Sprintf("attempt %d on %s (%s)", a.Attempt, a.Host, a.Kernel)
}

// contradiction describes how the newest differing result differs from the accepted
// one. If none differs, the stored result was altered.
func (c *call) contradiction(accepted string, attempts []Attempt) (string, error) {
	for _, a := range slices.Backward(attempts) {
		if a.Digest == "" || a.Digest == accepted {
			continue
		}
		reported, _, err := c.tx.Result(a.Task, a.Digest)
		if err != nil {
			return "", err
		}
		d, err := c.compare(accepted, a, reported.Body)
		return clip(d, c.policy.MaxReason), err
	}
	return "the stored result was altered since it was accepted", nil
}

// verify compares the result of a verification run with the stored accepted result and
// its measures, and ends the verification. It compares before it stores the new result,
// which would otherwise hide that an equal one is missing.
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

// endVerification makes a task done again, with a remark as its reason, or diverged if
// a result has contradicted the accepted one.
func (c *call) endVerification(r Record, remark string) error {
	r.Phase, r.Verifying, r.Exclusive, r.NotBefore = Diverged, false, false, time.Time{}
	if r.Reason == "" {
		r.Phase, r.Reason = Done, remark
	}
	c.closed = true
	if err := c.tx.DeleteCheckpoint(r.Task); err != nil {
		return err
	}
	return c.tx.PutRecord(r)
}

// notVerified begins the reason of a done task whose verification failed.
const notVerified = "could not be verified: "
