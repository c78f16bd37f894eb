package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// Report says how a held lease ended: exactly one of its fields is set.
type Report struct {
	Lease
	// Proven: a coordinator certainly granted the lease to the process that reports.
	Proven   bool
	Result   *ResultReport
	Failure  *Failure
	HandBack *HandBack
}

// ResultReport is a finished task.
type ResultReport struct {
	Body        []byte // sweep.Result as canonical JSON, uncompressed
	Digest      string // SHA-256 of Body, lower-case hexadecimal
	ComputeTime time.Duration
}

// Failure is the task's own fault: a panic, NaN, a stall.
type Failure struct {
	Message string
	Log     string // the last lines of the task's log
	// Reproducible: the failure follows from the task's numbers alone, so every
	// further attempt would fail in the same way.
	Reproducible bool
}

// HandBack gives a task back unharmed.
type HandBack struct {
	Reason string
}

// Verdict judges a report.
type Verdict struct {
	Lease
	Judgement Judgement
	Why       string // of JudgedInvalid
}

// Judgement of a report.
type Judgement string

// The judgements.
const (
	JudgedAccepted Judgement = "accepted"
	JudgedAlready  Judgement = "already" // the same report of the same attempt was judged before
	JudgedLate     Judgement = "late"    // the attempt counts no more; a result is kept for comparison
	JudgedInvalid  Judgement = "invalid" // not believed
)

// finding is what can be said of a reported result without the store.
type finding struct {
	result   sweep.Result
	measures []byte
	fits     bool  // the configuration of its task
	err      error // why it cannot be believed
}

// StoredResult is a result as the store keeps it.
type StoredResult struct {
	Body     []byte // canonical JSON
	Measures []byte // what tables show of it, as sweep.Measures.Encode writes it
}

// examine decodes the results of a call before its transaction begins, and holds
// them against what was granted, since that is the expensive part.
func (q *Queue) examine(ctx context.Context, reports []Report) ([]finding, error) {
	findings := make([]finding, len(reports))
	if !slices.ContainsFunc(reports, func(r Report) bool { return r.Result != nil }) {
		return findings, nil
	}
	select {
	case q.examining <- struct{}{}:
		defer func() { <-q.examining }()
	case <-ctx.Done(): // nobody waits for it any more
		return nil, ctx.Err()
	}
	for i, r := range reports {
		if r.Result == nil {
			continue
		}
		findings[i] = r.Result.examine()
		if g, ok := q.grants.Get(r.Task); ok {
			findings[i].err = findings[i].disbelief(g.configuration)
			findings[i].fits, findings[i].result = findings[i].err == nil, sweep.Result{}
		}
	}
	return findings, nil
}

// maxComputeTime bounds what a result may have taken: beyond it, estimates of
// the time left would be worthless.
const maxComputeTime = 366 * 24 * time.Hour

func (r ResultReport) examine() finding {
	if digest := sweep.Digest(r.Body); digest != r.Digest {
		return finding{err: fmt.Errorf("the body's digest is %s, not %.100q", digest, r.Digest)}
	}
	if r.ComputeTime < 0 || r.ComputeTime > maxComputeTime {
		return finding{err: fmt.Errorf("compute_time = %v: must be from 0 to %v", r.ComputeTime, maxComputeTime)}
	}
	f := finding{}
	if f.result, f.err = sweep.DecodeResult(r.Body); f.err == nil {
		f.measures, f.err = f.result.Measures().Encode()
	}
	return f
}

// judgeAll judges the reports of a call one by one; of an old call, its results
// alone. One that cannot be believed does not touch the others.
func (c *call) judgeAll(r SyncRequest, findings []finding, newer bool) ([]Verdict, error) {
	var verdicts []Verdict
	for i, report := range r.Reports {
		if !newer && report.Result == nil {
			continue
		}
		judgement, why, err := c.judge(r.Process, report, findings[i])
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, Verdict{Lease: report.Lease, Judgement: judgement, Why: why})
	}
	return verdicts, nil
}

func (c *call) judge(p Process, r Report, f finding) (j Judgement, why string, err error) {
	missing, err := c.missing(p, r.Lease, r.Proven)
	if err != nil {
		return "", "", err
	}
	if missing && r.outcomes() == 1 {
		return c.judgeMissing(p, r, f)
	}
	a, found, err := c.tx.Attempt(r.Lease)
	switch {
	case err != nil:
		return "", "", err
	case !found:
		return JudgedInvalid, fmt.Sprintf("attempt %d of task %.100q was never granted", r.Attempt, r.Task), nil
	case a.Process != p.ID:
		return JudgedInvalid, fmt.Sprintf("attempt %d of task %.100q was granted to another process", r.Attempt, r.Task), nil
	case r.outcomes() != 1:
		return JudgedInvalid, fmt.Sprintf("a report must say one thing: this one says %d", r.outcomes()), nil
	case r.Result != nil:
		return c.judgeResult(a, *r.Result, f)
	case r.Failure != nil:
		j, err = c.judgeEnd(a, AttemptFailed, func() error { return c.fail(a, *r.Failure) })
	default:
		j, err = c.judgeEnd(a, HandedBack, func() error { return c.handBack(a, r.HandBack.Reason) })
	}
	return j, "", err
}

func (r Report) outcomes() (n int) {
	for _, set := range []bool{r.Result != nil, r.Failure != nil, r.HandBack != nil} {
		if set {
			n++
		}
	}
	return n
}

// judgeEnd judges the report of an end without a result, and applies it if it counts.
func (c *call) judgeEnd(a Attempt, o Outcome, apply func() error) (Judgement, error) {
	if a.Outcome == o {
		return JudgedAlready, nil
	}
	_, counts, err := c.newest(a)
	if err != nil || !counts {
		return JudgedLate, err
	}
	return JudgedAccepted, apply()
}

func (c *call) judgeResult(a Attempt, r ResultReport, f finding) (j Judgement, why string, err error) {
	if a.Digest != "" && a.Digest == r.Digest {
		return JudgedAlready, "", nil
	}
	if a.Digest != "" {
		return JudgedInvalid, fmt.Sprintf("attempt %d of task %s has reported the result %s before", a.Attempt, a.Task, a.Digest), nil
	}
	record, counts, err := c.newest(a)
	if err != nil {
		return "", "", err
	}
	s, err := c.specification(a.Task)
	if err != nil {
		return "", "", err
	}
	if fault := f.disbelief(s.Configuration); fault != nil {
		if counts {
			err = c.fail(a, Failure{Message: "invalid result: " + fault.Error()})
		}
		return JudgedInvalid, clip(fault.Error(), c.policy.MaxReason), err
	}
	stored := StoredResult{Body: r.Body, Measures: f.measures}
	a.Digest, a.Compute = r.Digest, r.ComputeTime
	a.Step = uint64(s.Configuration.Training.Steps) // a result is that of all steps
	if counts && record.Verifying {
		return JudgedAccepted, "", c.verify(a, record, stored)
	}
	if err := c.tx.PutResult(a.Task, r.Digest, stored); err != nil {
		return "", "", err
	}
	switch {
	case counts || record.welcomes(a):
		return JudgedAccepted, "", c.accept(a, record, stored)
	default:
		return JudgedLate, "", c.keepLate(a, record)
	}
}

// welcomes says whether the result of an attempt is accepted though the attempt
// was cancelled: its task was not granted again, and has no result yet.
func (r Record) welcomes(a Attempt) bool {
	return a.Outcome == Cancelled && a.Attempt == r.Attempt && r.Accepted == ""
}

// disbelief says why a result cannot be one of the configuration.
func (f finding) disbelief(c sweep.Configuration) error {
	if f.err != nil || f.fits {
		return f.err
	}
	return f.result.Validate(c)
}
