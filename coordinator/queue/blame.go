package queue

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// fail ends an attempt by the task's own fault. The next one begins from step 0:
// the checkpoint may be part of the fault.
func (c *call) fail(a Attempt, f Failure) error {
	a.Log = clipStart(f.Log, c.policy.MaxLog)
	a.end(AttemptFailed, clip(f.Message, c.policy.MaxReason), c.now)
	if err := c.tx.DeleteCheckpoint(a.Task); err != nil {
		return err
	}
	return c.settle(a, f.Reproducible)
}

// handBack ends an attempt that its holder gave back unharmed.
func (c *call) handBack(a Attempt, reason string) error {
	a.end(HandedBack, clip(reason, c.policy.MaxReason), c.now)
	return c.settle(a, false)
}

// lose ends an attempt whose process is gone.
func (c *call) lose(a Attempt, p Presence, alone bool, reason string) (err error) {
	if a.Saved, err = c.tx.CheckpointStep(a.Task); err != nil {
		return err
	}
	a.Alone, a.Excused = alone, p.Unheard
	a.end(Lost, reason, c.now)
	return c.settle(a, false)
}

// FailsAlways begins the reason of a task that failed reproducibly.
const FailsAlways = "it would fail in every attempt: "

// settle stores an attempt that ended without a result, and decides the phase of
// its task by all attempts; by this one alone if its failure is reproducible.
func (c *call) settle(a Attempt, reproducible bool) error {
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
	r.Alone = b.alone
	if reproducible {
		b.hopeless = FailsAlways + a.Reason
	}
	switch {
	case b.hopeless != "" && r.Verifying:
		return c.endVerification(r, notVerified+b.hopeless)
	case b.hopeless != "" && r.Accepted != "":
		r.Phase, r.Reason = Diverged, "the results still differ: "+b.hopeless
		c.closed = true
	case b.hopeless != "":
		r.Phase, r.Reason = Failed, b.hopeless
		c.closed = true
	case a.Outcome == AttemptFailed:
		r.Phase, r.NotBefore = BackingOff, c.now.Add(c.policy.pause(b.failures))
	default:
		r.Phase, c.stirred = Waiting, true
	}
	return c.tx.PutRecord(r)
}

// blame is the judgement of a task's attempts.
type blame struct {
	failures int    // by its own fault
	losses   int    // of processes that held nothing else
	alone    bool   // a process was lost with it: it may be at fault
	hopeless string // why the task fails for good; "" while it may be retried
}

// blame judges the attempts after the pardoned ones, by number.
//
// A failure counts always; one with the message of another (which names the step)
// counts as deterministic, so MaxRepeats of them are enough. A loss counts if the task had started, the coordinator
// was there, and no newer checkpoint than at its last loss was stored since: a
// task that gets on is only preempted. It is then granted to a process that holds nothing else, and what
// is lost there is its own doing.
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
			reached = 0 // the next one began from step 0
			repeats[a.Reason]++
			switch n := repeats[a.Reason]; {
			case n >= p.MaxRepeats:
				b.hopeless = fmt.Sprintf("it failed %s in the same way: %s", times(n), a.Reason)
			case b.failures >= p.MaxAttempts:
				b.hopeless = fmt.Sprintf("it failed %s, the last time with: %s", times(b.failures), a.Reason)
			}
		case Lost:
			if a.Started && !a.Excused && a.Saved <= reached {
				b.alone = true
				if a.Alone {
					b.losses++
				}
			}
			reached = a.Saved
			if b.losses >= p.MaxLosses {
				b.hopeless = fmt.Sprintf("processes that held nothing else were lost with it %s, the last one on %s", times(b.losses), a.Host)
			}
		default:
		}
	}
	return b
}

// pause is the back-off after some failures.
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

// clip keeps the beginning of a text, clipStart its end: whole characters, at
// most limit bytes.
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
