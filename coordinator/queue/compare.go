package queue

import (
	"fmt"
	"slices"

	"spiqsweep/sweep"
)

// compare compares a result that an attempt reported with the accepted one, as it
// is stored, and returns how they differ. The answer is "" only if the stored
// result is the accepted one and the attempt reported the same: a digest alone does
// not tell whether the stored bytes were altered since.
func (c *call) compare(accepted string, a Attempt, body []byte) (string, error) {
	stored, found, err := c.tx.Result(a.Task, accepted)
	if err != nil {
		return "", err
	}
	altered := found && sweep.Digest(stored) != accepted
	if found && !altered && a.Digest == accepted {
		return "", nil
	}
	origin, err := c.reporter(a.Task, accepted)
	if err != nil {
		return "", err
	}
	d, differ := sweep.FirstDifference(stored, body)
	switch {
	case !found:
		return fmt.Sprintf("the result of %s is not in the store", origin), nil
	case altered && differ:
		return fmt.Sprintf("the stored result of %s was altered since it was accepted: %s is %s, and %s by %s",
			origin, d.Path, d.First, d.Second, a.source()), nil
	case altered:
		return fmt.Sprintf("the stored result of %s was altered since it was accepted: it is now that of %s", origin, a.source()), nil
	case sweep.Digest(body) != a.Digest:
		return fmt.Sprintf("results differ: the digest of %s is %s, and %s of %s, whose result was altered or is gone",
			origin, accepted, a.Digest, a.source()), nil
	default:
		return fmt.Sprintf("results differ: %s is %s by %s, and %s by %s", d.Path, d.First, origin, d.Second, a.source()), nil
	}
}

// compareMeasures holds what is stored beside an accepted result against what an
// attempt that has reported the same was found to measure.
func (c *call) compareMeasures(a Attempt, result StoredResult) (string, error) {
	stored, _, err := c.tx.Measures(a.Task, a.Digest)
	if err != nil {
		return "", err
	}
	d, differ := sweep.FirstDifference(stored, result.Measures)
	if !differ {
		return "", nil
	}
	origin, err := c.reporter(a.Task, a.Digest)
	return fmt.Sprintf("what tables show of the result of %s was altered since it was accepted: %s is %s, and %s in the result",
		origin, d.Path, d.First, d.Second), err
}

// reporter names the first attempt that reported a result.
func (c *call) reporter(task sweep.TaskID, digest string) (string, error) {
	attempts, err := c.tx.Attempts(task)
	for _, a := range attempts {
		if a.Digest == digest {
			return a.source(), err
		}
	}
	return "an unknown attempt", err
}

// source says who made an attempt.
func (a Attempt) source() string {
	return fmt.Sprintf("attempt %d on %s (%s)", a.Attempt, a.Host, a.Kernel)
}

// contradiction says what speaks against the accepted result of a task: the
// newest one that differs, or what is stored.
func (c *call) contradiction(accepted string, attempts []Attempt) (string, error) {
	for _, a := range slices.Backward(attempts) {
		if a.Digest == "" || a.Digest == accepted {
			continue
		}
		body, _, err := c.tx.Result(a.Task, a.Digest)
		if err != nil {
			return "", err
		}
		d, err := c.compare(accepted, a, body)
		return clip(d, c.policy.MaxReason), err
	}
	return "the stored result was altered since it was accepted", nil
}
