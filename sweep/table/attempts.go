package table

import (
	"io"
	"iter"
	"strconv"
	"time"

	"spiqsweep/sweep"
)

// Attempt is one lease of a task, from its grant to its end.
type Attempt struct {
	Task      sweep.TaskID
	Label     string // the cell and replicate, for people
	Number    uint64 // the fencing token
	Outcome   string // "" while it runs
	Process   string
	Host      string
	Kernel    string
	LeasedAt  time.Time
	EndedAt   time.Time // zero while it runs
	FirstStep uint64    // that it resumed from
	LastStep  uint64    // that was heard of
	Compute   time.Duration
	Message   string
	Log       string
}

// WriteAttempts writes attempts.csv: who ran what, when, how long and on which
// kernel. Unlike the other tables it differs from run to run.
func WriteAttempts(w io.Writer, attempts iter.Seq2[Attempt, error]) error {
	return write(w, []column[Attempt]{
		{"task", func(a Attempt) string { return string(a.Task) }},
		{"label", func(a Attempt) string { return a.Label }},
		{"attempt", func(a Attempt) string { return strconv.FormatUint(a.Number, 10) }},
		{"outcome", func(a Attempt) string { return a.Outcome }},
		{"process", func(a Attempt) string { return a.Process }},
		{"host", func(a Attempt) string { return a.Host }},
		{"kernel", func(a Attempt) string { return a.Kernel }},
		{"leased_at", func(a Attempt) string { return instant(a.LeasedAt) }},
		{"ended_at", func(a Attempt) string { return instant(a.EndedAt) }},
		{"first_step", func(a Attempt) string { return strconv.FormatUint(a.FirstStep, 10) }},
		{"last_step", func(a Attempt) string { return strconv.FormatUint(a.LastStep, 10) }},
		{"compute_seconds", func(a Attempt) string { return optional(a.Compute.Seconds(), a.Compute > 0) }},
		{"message", func(a Attempt) string { return a.Message }},
		{"log", func(a Attempt) string { return a.Log }},
	}, attempts)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
