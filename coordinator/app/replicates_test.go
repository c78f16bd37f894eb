package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/sweep/plan"
)

const adaptive = `
sweep "adaptive" {
  replicates {
    max   = 8
    until = { mse_k_probability = 0.2 }
  }
  grid {
    neurons = [1, 2]
    k       = [0, 1]
  }
}
`

// adaptiveReplicates are the rows of the sweep: errors of n + k + replicate / 10 at n = 1
// need four replicates, and those of a larger n three.
var adaptiveReplicates = slices.Concat(slices.Repeat([]string{"1 0"}, 4), slices.Repeat([]string{"1 1"}, 4),
	slices.Repeat([]string{"2 0"}, 3), slices.Repeat([]string{"2 1"}, 3))

func TestResultsDecideOnReplicates(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, adaptive, p)
	more := false
	c.Follow = func(p app.Progress) { more = more || p.MoreExpected }
	a, last := runToEnd(t, c)
	if diff := cmp.Diff(adaptiveReplicates, columns(t, c.Out, "results.csv", "neurons", "k")); diff != "" {
		t.Fatalf("results.csv (-want +got):\n%s", diff)
	}
	if want := (queue.Counts{Planned: 14, Done: 14}); last.Counts != want || last.MoreExpected || !more {
		t.Errorf("progress is %+v, more expected at its end %v, before %v", last.Counts, last.MoreExpected, more)
	}
	if want := (plan.Precision{Reached: 4}); a.Precision() != want {
		t.Errorf("precision is %+v, want %+v", a.Precision(), want)
	}
	if p.started != 2 {
		t.Errorf("%d workers were started, want 2: they wait for further replicates", p.started)
	}
	if done := a.Completeness(); !done.Complete || done.Rows != 14 {
		t.Errorf("completeness is %+v", done)
	}
	if got := len(columns(t, c.Out, "attempts.csv", "outcome")); got != 14 {
		t.Errorf("attempts.csv has %d rows", got)
	}
	files := []string{"results.csv", "summary.csv", "comparison.csv", "axes.csv", "claims.csv", "figures/S1.csv"}
	compare := func(how, out string) {
		t.Helper()
		for _, name := range files {
			if diff := cmp.Diff(content(t, c.Out, name), content(t, out, name)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", how, name, diff)
			}
		}
	}

	again, last := runToEnd(t, c)
	if last.Gained != 0 || again.Revision.Added != 0 || again.Revision.Dropped != 0 || again.Revision.AlreadyDone != 14 {
		t.Errorf("the second run gained %d, revision %+v", last.Gained, again.Revision)
	}
	one := config(t, adaptive, &fakeWorkers{})
	one.Local = 1
	runToEnd(t, one)
	compare("with one worker", one.Out)

	there := submitted(t, adaptive, serving(t, &fakeWorkers{}))
	runToEnd(t, there)
	compare("submitted", there.Out)

	// Another sweep of the store has the results already.
	shared := submitted(t, adaptive, serving(t, &fakeWorkers{}))
	runToEnd(t, shared)
	second := shared
	second.Out += "-second"
	if found, last := runToEnd(t, second); last.Gained != 0 || found.Revision.AlreadyDone != 14 {
		t.Errorf("a second sweep with the same results gained %d, revision %+v", last.Gained, found.Revision)
	}
	compare("after another sweep", second.Out)
}

// TestReplicatesAfterInterruptions interrupts a run after any number of results and
// resumes it.
func TestReplicatesAfterInterruptions(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	for _, after := range []int32{1, 11, 12, 13} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var results atomic.Int32
			p := &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
				if results.Add(1) == after {
					cancel()
				}
				return &spiqsweepv1.Report{Outcome: finished(c)}
			}}
			c := config(t, adaptive, p)
			a, err := app.Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			c.Launch = (&fakeWorkers{}).launch
			if resumed, _ := runToEnd(t, c); resumed.Revision.Dropped != 0 {
				t.Errorf("revision %+v", resumed.Revision)
			}
			if diff := cmp.Diff(adaptiveReplicates, columns(t, c.Out, "results.csv", "neurons", "k")); diff != "" {
				t.Errorf("results.csv (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReplicatesAfterTheTimeIsUp ends runs by their time, before any result and when replicates
// that the first results demanded still run, and resumes them without a limit.
func TestReplicatesAfterTheTimeIsUp(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	for name, test := range map[string]struct {
		results int32 // that workers report in time; the other tasks never end
		within  time.Duration
	}{
		"before any result":        {0, time.Millisecond},
		"after further replicates": {13, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var results atomic.Int32
			c := config(t, adaptive, &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
				if results.Add(1) > test.results {
					return nil
				}
				return &spiqsweepv1.Report{Outcome: finished(c)}
			}})
			c.Until = time.Now().Add(test.within)
			_, last := runToEnd(t, c)
			if !last.TimeUp || last.Counts.Done != int(test.results) || test.results > 0 && last.Counts.Planned <= 12 {
				t.Errorf("time up %v, counts %+v", last.TimeUp, last.Counts)
			}
			c.Launch, c.Until = (&fakeWorkers{}).launch, time.Time{}
			if resumed, last := runToEnd(t, c); resumed.Revision.Dropped != 0 || last.TimeUp || last.Gained != 14-int(test.results) {
				t.Errorf("resumed with revision %+v, gained %d", resumed.Revision, last.Gained)
			}
			if diff := cmp.Diff(adaptiveReplicates, columns(t, c.Out, "results.csv", "neurons", "k")); diff != "" {
				t.Errorf("results.csv (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFailuresDecideOnNoReplicates checks that a failure stops the extension of its
// configuration until a retry gives it a result.
func TestFailuresDecideOnNoReplicates(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, adaptive, &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
		if c.Neurons == 1 && c.K == 1 && c.Replicate == 1 {
			return failing(c)
		}
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}})
	a, last := runToEnd(t, c)
	if want := (queue.Counts{Planned: 12, Done: 11, Failed: 1}); last.Counts != want {
		t.Errorf("counts are %+v, want %+v", last.Counts, want)
	}
	if want := (plan.Precision{Reached: 2, Open: 2}); a.Precision() != want {
		t.Errorf("precision is %+v, want %+v", a.Precision(), want)
	}
	if _, err := (app.Place{Out: c.Out}).Retry(t.Context(), queue.Selection{}, false); err != nil {
		t.Fatal(err)
	}
	c.Launch = (&fakeWorkers{}).launch
	runToEnd(t, c)
	if diff := cmp.Diff(adaptiveReplicates, columns(t, c.Out, "results.csv", "neurons", "k")); diff != "" {
		t.Errorf("results.csv after the retry (-want +got):\n%s", diff)
	}
}

// TestAnotherPrecisionIsARevision changes the grid of a folder.
func TestAnotherPrecisionIsARevision(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, adaptive, &fakeWorkers{})
	runToEnd(t, c)
	c.Grid = []byte(strings.Replace(adaptive, "0.2", "0.6", 1))
	a, last := runToEnd(t, c)
	if want := (queue.Counts{Planned: 12, Done: 12}); last.Counts != want || a.Revision.Dropped != 2 {
		t.Errorf("with a wider interval: counts %+v, revision %+v", last.Counts, a.Revision)
	}
	c.Grid = []byte(strings.Replace(adaptive, "0.2", "0.01", 1))
	a, last = runToEnd(t, c)
	if want := (queue.Counts{Planned: 32, Done: 32}); last.Counts != want || last.Gained != 18 {
		t.Errorf("with a narrower interval: counts %+v, gained %d", last.Counts, last.Gained)
	}
	if want := (plan.Precision{AtMax: 4}); a.Precision() != want {
		t.Errorf("precision is %+v, want %+v", a.Precision(), want)
	}
	prepared, estimate, err := app.Preview(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if prepared.Grid.Rows() != 32 || estimate.Finished != 32 || estimate.MaxTasks != 32 {
		t.Errorf("preview of the finished sweep: %d rows, %+v", prepared.Grid.Rows(), estimate)
	}
}
