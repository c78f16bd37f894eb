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
	Label     string // the configuration and replicate, for people
	Number    uint64 // the fencing token
	Outcome   string // "" while the attempt runs
	Process   string
	Host      string
	Kernel    string
	LeasedAt  time.Time
	EndedAt   time.Time // zero while the attempt runs
	FirstStep uint64    // the training step of the checkpoint it resumed from
	LastStep  uint64    // the last step it reported
	Compute   time.Duration
	Message   string
	Log       string
}

// WriteAttempts writes attempts.csv: which worker ran each attempt, when, for how
// long and on which kernel. Unlike the other tables it differs from run to run.
func WriteAttempts(w io.Writer, attempts iter.Seq2[Attempt, error]) error {
	return write(w, attemptColumns(), attempts)
}

func attemptColumns() []column[Attempt] {
	return []column[Attempt]{
		{"task", text, "the task; its model is models/TASK.json", func(a Attempt) string { return string(a.Task) }},
		{"label", text, "the configuration, by its swept settings, and the replicate", func(a Attempt) string { return a.Label }},
		{"attempt", number, "number of the attempt at this task, from 1", func(a Attempt) string { return strconv.FormatUint(a.Number, 10) }},
		{"outcome", text, "how the attempt ended; empty while it runs", func(a Attempt) string { return a.Outcome }},
		{"process", text, "the beginning of the worker process's ID; the whole ID is for operators only", func(a Attempt) string { return a.Process }},
		{"host", text, "the machine, as the worker reports it", func(a Attempt) string { return a.Host }},
		{"kernel", text, "the kernel class that computed", func(a Attempt) string { return a.Kernel }},
		{"leased_at", moment, "when the attempt was granted, UTC, RFC 3339", func(a Attempt) string { return instant(a.LeasedAt) }},
		{"ended_at", moment, "when it ended; empty while it runs", func(a Attempt) string { return instant(a.EndedAt) }},
		{"first_step", number, "the training step that it resumed from", func(a Attempt) string { return strconv.FormatUint(a.FirstStep, 10) }},
		{"last_step", number, "the last training step that it reported", func(a Attempt) string { return strconv.FormatUint(a.LastStep, 10) }},
		{"compute_seconds", number, "computing time that the worker reported", func(a Attempt) string { return optional(a.Compute.Seconds(), a.Compute > 0) }},
		{"message", text, "the reason of a failure", func(a Attempt) string { return a.Message }},
		{"log", text, "the log of a failed attempt; line ends are written as \\n", func(a Attempt) string { return a.Log }},
	}
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
