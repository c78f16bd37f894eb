package queue

import "time"

// Report says how a held lease ended: exactly one of its fields is set.
type Report struct {
	Lease
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
}

// HandBack gives a task back unharmed.
type HandBack struct {
	Reason string
}

// Verdict judges a report.
type Verdict struct {
	Lease
	Judgement Judgement
	Why       string // of Invalid
}

// Judgement of a report.
type Judgement string

// The judgements.
const (
	JudgedAccepted Judgement = "accepted"
	JudgedAlready  Judgement = "already" // the same report of the same attempt was judged before
	JudgedLate     Judgement = "late"    // the attempt was live no more; a result is kept for comparison
	JudgedInvalid  Judgement = "invalid" // not believed
)
