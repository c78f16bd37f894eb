package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
)

// TestWatchedLines checks that a line is printed for each change that is more than the time.
func TestWatchedLines(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.Local) }
	worker := []app.Worker{{Process: "p", LastSeen: at(0)}}
	statuses := []app.Status{
		{Running: true, AsOf: at(1), Tasks: app.TaskCounts{Planned: 2, Running: 1, Pending: 1}, WorkersPresent: 1, Workers: worker, SecondsLeft: 120},
		{Running: true, AsOf: at(2), Tasks: app.TaskCounts{Planned: 2, Running: 1, Pending: 1}, WorkersPresent: 1, Workers: []app.Worker{{Process: "p", LastSeen: at(2)}}, SecondsLeft: 60, WorkLeft: 7},
		{Running: true, AsOf: at(3), Tasks: app.TaskCounts{Planned: 2, Running: 1, Done: 1}, WorkersPresent: 1, Workers: worker, MoreExpected: true},
		{AsOf: at(4), Tasks: app.TaskCounts{Planned: 2, Done: 1, Pending: 1}},
		{AsOf: at(5), Tasks: app.TaskCounts{Planned: 2, Done: 2}},
	}
	const want = `2026-01-02 03:04:01 0 of 2 tasks done, 1 running, 1 pending, 0 failed, 0 diverged, 1 worker; about 2 min left
2026-01-02 03:04:03 1 of 2 tasks done, 1 running, 0 pending, 0 failed, 0 diverged, 1 worker, more may follow
2026-01-02 03:04:04 1 of 2 tasks done, 0 running, 1 pending, 0 failed, 0 diverged, 0 workers; no coordinator is running: this is what the last one stored; to resume, start it again
2026-01-02 03:04:05 2 of 2 tasks done, 0 running, 0 pending, 0 failed, 0 diverged, 0 workers; no coordinator is running: this is what the last one stored
`
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		w := lineWatcher{out: &out, flags: &placeFlags{out: t.TempDir()}, asJSON: asJSON}
		for _, s := range statuses {
			if err := w.print(s); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(want, out.String()); diff != "" && !asJSON {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		if got := strings.Count(out.String(), "\n"); got != 4 {
			t.Errorf("JSON %v: %d lines, want 4", asJSON, got)
		}
	}
}

// TestPolling checks when polling ends, and which outages are printed.
func TestPolling(t *testing.T) {
	t.Parallel()
	outage := fmt.Errorf("the coordinator does not answer: %w", queue.ErrUnavailable)
	gone := errors.New("the sweep was deleted")
	type step struct {
		ended bool
		err   error
	}
	for name, test := range map[string]struct {
		steps   []step
		want    error
		printed int
		took    time.Duration
	}{
		"it has ended":              {[]step{{true, nil}}, nil, 0, 0},
		"it ends":                   {[]step{{}, {}, {true, nil}}, nil, 0, 2 * pollEvery},
		"it is not there":           {[]step{{false, outage}}, outage, 0, 0},
		"it is gone":                {[]step{{}, {false, gone}}, gone, 0, pollEvery},
		"a short outage":            {[]step{{}, {false, outage}, {false, outage}, {true, nil}}, nil, 0, 3 * pollEvery},
		"a long one, printed once":  {[]step{{}, {false, outage}, {false, outage}, {false, outage}, {false, outage}, {true, nil}}, nil, 1, 5 * pollEvery},
		"two, both printed":         {[]step{{}, {false, outage}, {false, outage}, {false, outage}, {}, {false, outage}, {false, outage}, {false, outage}, {true, nil}}, nil, 2, 8 * pollEvery},
		"the end after a long time": {append(make([]step, 3600), step{true, nil}), nil, 0, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var printed bytes.Buffer
				began, steps := time.Now(), test.steps
				err := poll(t.Context(), &printed, func(context.Context) (bool, error) {
					next := steps[0]
					steps = steps[1:]
					return next.ended, next.err
				})
				if !errors.Is(err, test.want) || strings.Count(printed.String(), "trying again") != test.printed || time.Since(began) != test.took {
					t.Errorf("%v after %v, printed %q; want %v after %v, %d times", err, time.Since(began), printed.String(), test.want, test.took, test.printed)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // the pauses of 1 s, 10 s and 30 s, and the readings between them
		durations, began := []time.Duration{0, 2 * time.Second, time.Minute, 0}, time.Now()
		err := poll(t.Context(), &bytes.Buffer{}, func(context.Context) (bool, error) {
			time.Sleep(durations[0])
			durations = durations[1:]
			return len(durations) == 0, nil
		})
		if took := time.Since(began); err != nil || took != 103*time.Second {
			t.Errorf("slow readings take %v with %v, want 103 s", took, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(90*time.Second, func() { cancel(gone) })
		if err := poll(ctx, &bytes.Buffer{}, func(context.Context) (bool, error) { return false, nil }); !errors.Is(err, gone) {
			t.Errorf("after a signal: %v", err)
		}
	})
}

// TestFollowedLogs checks from which time attempts are read again, and that each is printed
// once in each of its states.
func TestFollowedLogs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, test := range map[string]struct{ last, first, want time.Time }{
		"nothing was printed":         {time.Time{}, time.Time{}, time.Time{}},
		"all were printed":            {at, time.Time{}, at.Add(-commitTime)},
		"earlier ones were left out":  {at, at, at},
		"they were left out long ago": {at.Add(time.Hour), at, at.Add(time.Hour - commitTime)},
	} {
		if got := (&logPrinter{last: test.last}).since(test.first); !got.Equal(test.want) {
			t.Errorf("%s: since %v, want %v", name, got, test.want)
		}
	}
	var out bytes.Buffer
	p := logPrinter{out: &out, printed: map[string]bool{}}
	attempt := func(number uint64, ended time.Duration) app.AttemptLog {
		end := at.Add(ended)
		return app.AttemptLog{Task: "3fa9c1", TaskAttempt: app.TaskAttempt{Number: number, Outcome: "failed", LeasedAt: at, EndedAt: &end}}
	}
	running := app.AttemptLog{Task: "3fa9c1", TaskAttempt: app.TaskAttempt{Number: 3, Outcome: "running", LeasedAt: at}}
	// The first attempt is committed after the second one, and the third one ends.
	for _, logs := range [][]app.AttemptLog{{attempt(2, 2*time.Second), running}, {attempt(1, time.Second), attempt(2, 2*time.Second), running}, {attempt(3, 3*time.Second)}} {
		if err := p.print(logs); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(out.String(), "attempt "); got != 4 {
		t.Errorf("%d attempts are printed, want the 4 states:\n%s", got, out.String())
	}
}

// TestAwaitPlan waits in a folder whose run was killed before it had planned its sweep: only its lock
// is there.
func TestAwaitPlan(t *testing.T) {
	place := app.Place{Out: t.TempDir()}
	if err := os.WriteFile(filepath.Join(place.Out, ".lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		left := errors.New("the user left")
		time.AfterFunc(time.Hour, func() { cancel(left) })
		var printed bytes.Buffer
		if err := awaitPlan(ctx, &printed, place, ""); !errors.Is(err, left) {
			t.Errorf("awaitPlan: %v", err)
		}
		for _, words := range []string{"waiting for its plan", "still no plan after 20s: if no run is at work there, the last one was killed: start it again"} {
			if strings.Count(printed.String(), words) != 1 {
				t.Errorf("printed %q, want %q once", printed.String(), words)
			}
		}
	})
}
