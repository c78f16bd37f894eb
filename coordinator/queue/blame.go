package queue

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"spiqsweep/sweep"
)

// fail ends an attempt that failed. The next one starts from step 0, because the
// checkpoint may be the cause.
func (c *call) fail(a Attempt, f Failure) error {
	a.Log = clipStart(f.Log, c.policy.MaxLog)
	a.end(AttemptFailed, clip(f.Message, c.policy.MaxReason), c.now)
	if err := c.tx.DeleteCheckpoint(a.Task); err != nil {
		return err
	}
	return c.endAttempt(a, f.Reproducible)
}

// handBack ends an attempt that its holder gave back.
func (c *call) handBack(a Attempt, reason string) error {
	a.end(HandedBack, clip(reason, c.policy.MaxReason), c.now)
	return c.endAttempt(a, false)
}

// lose ends an attempt whose process has expired or ended. soleTask means that the
// process held nothing else.
func (c *call) lose(a Attempt, p Presence, soleTask bool, reason string) (err error) {
	if a.Saved, err = c.tx.CheckpointStep(a.Task); err != nil {
		return err
	}
	a.SoleTask, a.Excused = soleTask, p.ExcuseLoss
	a.end(Lost, reason, c.now)
	return c.endAttempt(a, false)
}

// endAttempt stores an attempt that ended without a result and sets the phase of its
// task: failed if the failure is reproducible, and otherwise by the blame of all attempts.
func (c *call) endAttempt(a Attempt, reproducible bool) error {
	if err := c.tx.PutAttempt(a); err != nil {
		return err
	}
	attempts, err := c.tx.Attempts(a.Task)
	if err != nil {
		return err
	}
	r, err := c.record(a.Task)
	if err != nil {
		return err
	}
	b := c.policy.blame(attempts, r.Pardoned)
	r.Exclusive = b.exclusive
	if reproducible {
		b.fatal = failsAlways + a.Reason
	}
	switch {
	case b.fatal != "" && r.Verifying:
		return c.endVerification(r, notVerified+b.fatal)
	case b.fatal != "" && r.Accepted != "":
		r.Phase, r.Reason = Diverged, "the results still differ: "+b.fatal
		c.closed = true
	case b.fatal != "":
		r.Phase, r.Reason = Failed, b.fatal
		c.closed = true
	case a.Outcome == AttemptFailed:
		r.Phase, r.NotBefore = BackingOff, c.now.Add(c.policy.pause(b.failures))
	default:
		r.Phase, c.wake = Waiting, true
	}
	return c.tx.PutRecord(r)
}

// failsAlways begins the reason of a task that failed because its numbers overflow.
const failsAlways = "it would fail in every attempt: "

// FailsAlways reports whether the task failed because its numbers overflow, so that a retry
// would fail in the same way.
func (r Row) FailsAlways() bool {
	return r.State == sweep.Failed && strings.HasPrefix(r.Reason, failsAlways)
}

// blame is what a task's attempts count against it.
type blame struct {
	failures  int
	losses    int    // of processes that held nothing else
	exclusive bool   // a process was lost with it, so it may be the cause
	fatal     string // why the task fails for good, or ""
}

// blame counts the attempts after the pardoned ones; attempts are in the order of their
// numbers.
//
// Every failure counts. Failures with the same message (which names the step) are
// deterministic, so MaxRepeats of them are fatal. A loss counts if the task had started,
// the coordinator was not away, and the checkpoint has not advanced since the last loss:
// a task that advances is merely preempted. After the first such loss the task is granted
// only to processes that hold nothing else, and losses of those count towards MaxLosses.
func (p Policy) blame(attempts []Attempt, pardoned uint64) (b blame) {
	reached := uint64(0)        // checkpoint at the last loss
	repeats := map[string]int{} // failures by message
	for _, a := range attempts {
		if a.Attempt <= pardoned {
			continue
		}
		switch a.Outcome {
		case AttemptFailed:
			b.failures++
			reached = 0 // the next attempt started from step 0
			repeats[a.Reason]++
			switch n := repeats[a.Reason]; {
			case n >= p.MaxRepeats:
				b.fatal = fmt.Sprintf("it failed %s in the same way: %s", times(n), a.Reason)
			case b.failures >= p.MaxAttempts:
				b.fatal = fmt.Sprintf("it failed %s, the last time with: %s", times(b.failures), a.Reason)
			}
		case Lost:
			if a.Started && !a.Excused && a.Saved <= reached {
				b.exclusive = true
				if a.SoleTask {
					b.losses++
				}
			}
			reached = a.Saved
			if b.losses >= p.MaxLosses {
				b.fatal = fmt.Sprintf("processes that held nothing else were lost with it %s, the last one on %s", times(b.losses), a.Host)
			}
		default:
		}
	}
	return b
}

// pause returns the back-off after some failures.
func (p Policy) pause(failures int) time.Duration {
	pause := p.BackOff
	for range failures - 1 {
		pause = min(2*pause, p.MaxBackOff)
	}
	return pause
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// clip returns the beginning of a text, clipStart its end: at most limit bytes, in
// whole characters.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

func clipStart(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	start := len(text) - limit
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return text[start:]
}
