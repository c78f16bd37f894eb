package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// Report tells how a held lease ended: exactly one of Result, Failure and HandBack is set.
type Report struct {
	Lease
	// Proven means that the caller has verified that a coordinator granted the lease to
	// the reporting process.
	Proven   bool
	Result   *ResultReport
	Failure  *Failure
	HandBack *HandBack
}

// Outcome names what the report is: a result, a failure or a hand-back; "" if it is none.
func (r Report) Outcome() string {
	switch {
	case r.Result != nil:
		return "result"
	case r.Failure != nil:
		return "failure"
	case r.HandBack != nil:
		return "hand-back"
	default:
		return ""
	}
}

// ResultReport is a finished task.
type ResultReport struct {
	Body        []byte // sweep.Result as canonical JSON, uncompressed
	Packed      []byte // Body as protocol.Pack compresses it, or nil
	Digest      string // SHA-256 of Body, lower-case hexadecimal
	ComputeTime time.Duration
}

// Failure is a failure of the task itself, such as a panic, a NaN or a stall.
type Failure struct {
	Message string
	Log     string // the last lines of the task's log
	// Reproducible means that every further attempt would fail in the same way,
	// because the failure depends only on the task's configuration and data.
	Reproducible bool
}

// HandBack returns a task that has not failed.
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
	JudgedAccepted  Judgement = "accepted"
	JudgedDuplicate Judgement = "duplicate" // the attempt has made the same report before
	JudgedLate      Judgement = "late"      // the attempt is over; a result is kept for comparison
	JudgedInvalid   Judgement = "invalid"   // the report is wrong
)

// finding is the outcome of checking a reported result outside the transaction.
type finding struct {
	result    sweep.Result
	measures  []byte
	validated bool  // against the task's configuration, and valid
	err       error // why the result is invalid
}

// StoredResult is a result as the store keeps it.
type StoredResult struct {
	Body     []byte // canonical JSON
	Packed   []byte // Body as protocol.Pack compresses it, or nil; a store keeps it and never returns it
	Measures []byte // its table values, as sweep.Measures.Encode writes them
}

// stored returns the result for the store.
func (r ResultReport) stored(f finding) StoredResult {
	return StoredResult{Body: r.Body, Packed: r.Packed, Measures: f.measures}
}

// examine decodes the results of a call and, for recent grants, validates them. It runs
// before the transaction because it is the expensive part.
func (q *Queue) examine(ctx context.Context, reports []Report) ([]finding, error) {
	findings := make([]finding, len(reports))
	if !slices.ContainsFunc(reports, func(r Report) bool { return r.Result != nil }) {
		return findings, nil
	}
	select {
	case q.examining <- struct{}{}:
		defer func() { <-q.examining }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for i, r := range reports {
		if r.Result == nil {
			continue
		}
		findings[i] = r.Result.examine()
		if g, ok := q.grants.Get(r.Task); ok {
			findings[i].err = findings[i].check(g.configuration)
			findings[i].validated = findings[i].err == nil
			findings[i].result = sweep.Result{} // no longer needed
		}
	}
	return findings, nil
}

// maxComputeTime bounds the compute time of a result. A larger one would spoil the
// estimates of the time left.
const maxComputeTime = 366 * 24 * time.Hour

func (r ResultReport) examine() finding {
	if digest := sweep.ResultDigest(r.Body); digest != r.Digest {
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

// judgeAll judges the reports of a call one by one; in an old call, only its results.
// An invalid report does not affect the others.
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
	missing, err := c.storeLacks(p, r.Lease, r.Proven)
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
		return JudgedInvalid, fmt.Sprintf("a report must have exactly one of result, failure and hand-back: this one has %d", r.outcomes()), nil
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

// judgeEnd judges the report of an attempt that ended without a result, and calls apply
// if the attempt is the newest.
func (c *call) judgeEnd(a Attempt, o Outcome, apply func() error) (Judgement, error) {
	if a.Outcome == o {
		return JudgedDuplicate, nil
	}
	_, current, err := c.current(a)
	if err != nil || !current {
		return JudgedLate, err
	}
	return JudgedAccepted, apply()
}

func (c *call) judgeResult(a Attempt, r ResultReport, f finding) (j Judgement, why string, err error) {
	if a.Digest != "" && a.Digest == r.Digest {
		return JudgedDuplicate, "", nil
	}
	if a.Digest != "" {
		return JudgedInvalid, fmt.Sprintf("attempt %d of task %s has already reported the result %s", a.Attempt, a.Task, a.Digest), nil
	}
	record, current, err := c.current(a)
	if err != nil {
		return "", "", err
	}
	s, err := c.specification(a.Task)
	if err != nil {
		return "", "", err
	}
	if fault := f.check(s.Configuration); fault != nil {
		if current {
			err = c.fail(a, Failure{Message: "invalid result: " + fault.Error()})
		}
		return JudgedInvalid, clip(fault.Error(), c.policy.MaxReason), err
	}
	stored := r.stored(f)
	a.Digest, a.Compute = r.Digest, r.ComputeTime
	a.Step = uint64(s.Configuration.Training.Steps)
	if current && record.Verifying {
		return JudgedAccepted, "", c.verify(a, record, stored)
	}
	if err := c.tx.PutResult(a.Task, r.Digest, stored); err != nil {
		return "", "", err
	}
	switch {
	case current || record.acceptsCancelled(a):
		return JudgedAccepted, "", c.accept(a, record, stored)
	default:
		return JudgedLate, "", c.keepLate(a, record)
	}
}

// acceptsCancelled reports whether the result of a cancelled attempt is accepted: the
// task was not granted again and has no result.
func (r Record) acceptsCancelled(a Attempt) bool {
	return a.Outcome == Cancelled && a.Attempt == r.Attempt && r.Accepted == ""
}

// check returns why a result is not a valid result of the configuration, or nil.
func (f finding) check(c sweep.Configuration) error {
	if f.err != nil || f.validated {
		return f.err
	}
	return f.result.Validate(c)
}

// A store can lose commits while workers run: a backup is restored, or an asynchronous
// standby is promoted. It then lacks recent leases, or grants their numbers again. The
// service verifies a proof that comes with each lease, which distinguishes such a lease
// from an invented one. A result under a missing lease is accepted if the task has none,
// and is otherwise compared with the accepted one.

// restoredReason explains why the store lacks a proven lease.
const restoredReason = "the store is older than its workers: a backup was restored, or a standby promoted that lacked the last commits"

// storeLacks reports whether the store lacks a proven lease of a process, and records a
// warning if it does.
func (c *call) storeLacks(p Process, l Lease, proven bool) (bool, error) {
	if !proven {
		return false, nil
	}
	a, found, err := c.tx.Attempt(l)
	if err != nil || found && a.Process == p.ID {
		return false, err
	}
	if c.missingLease == "" {
		c.missingLease = fmt.Sprintf("%s: it does not have attempt %d of task %s, which a worker on %s holds; finished results of such leases are kept and compared, "+
			"everything else that is missing runs again", restoredReason, l.Attempt, l.Task, p.Host)
	}
	return true, nil
}

// judgeMissing judges a report under a proven lease that the store lacks. It enters a
// result as a new attempt.
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
	if fault := f.check(s.Configuration); fault != nil { // no stored attempt can be blamed
		return JudgedInvalid, clip(fault.Error(), c.policy.MaxReason), nil
	}
	attempts, err := c.tx.Attempts(r.Task)
	if err != nil {
		return "", "", err
	}
	for _, a := range attempts {
		if a.Process == p.ID && a.Digest == r.Result.Digest {
			return JudgedDuplicate, "", nil
		}
	}
	a := Attempt{
		Lease:   Lease{Task: r.Task, Attempt: record.Attempt + 1},
		Process: p.ID, Host: p.Host, Kernel: p.Kernel, GrantedAt: c.now.Add(-r.Result.ComputeTime),
		Started: true, Step: uint64(s.Configuration.Training.Steps), Digest: r.Result.Digest, Compute: r.Result.ComputeTime,
	}
	stored := r.Result.stored(f)
	if record.Phase == Leased {
		if err := c.revoke(record, Withdrawn, "a result of an earlier grant arrived"); err != nil {
			return "", "", err
		}
	}
	finished := record.Phase == Done || record.Phase == Diverged
	record.Attempt, record.NotBefore = a.Attempt, time.Time{}
	if record.Verifying {
		return JudgedAccepted, "", c.verify(a, record, stored)
	}
	if err := c.tx.PutResult(a.Task, a.Digest, stored); err != nil {
		return "", "", err
	}
	if finished {
		a.end(Late, restoredReason, c.now)
		return JudgedLate, restoredReason, c.keepLate(a, record)
	}
	return JudgedAccepted, "", c.accept(a, record, stored)
}
