package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// away is a keeper that does not answer.
type away struct {
	keeper
	asked int // for results
}

func (a *away) Result(context.Context, sweep.TaskID, string) ([]byte, error) {
	a.asked++
	return nil, fmt.Errorf("%w: gone", queue.ErrUnavailable)
}

func viewOf(t *testing.T, k keeper) *view {
	t.Helper()
	prepared, err := Prepare(t.Context(), Input{
		GridName: "test.hcl", Grid: []byte("sweep \"test\" {\n  replicates = 4\n}\n"), Kernel: circuit.Kernel{Class: "portable/amd64"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return newView(folder(t.TempDir()), k, "sweep", prepared, hclog.NewNullLogger())
}

// TestModelsWaitForTheirKeeper: each question may take seconds to fail.
func TestModelsWaitForTheirKeeper(t *testing.T) {
	t.Parallel()
	k := &away{}
	v := viewOf(t, k)
	v.written = "a mark"
	for row := range int32(4) {
		v.models.missing = append(v.models.missing, missingModel{row: row})
	}
	if err := v.writeModels(t.Context(), forever, false); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("%v, want %v", err, queue.ErrUnavailable)
	}
	if k.asked != 1 || len(v.models.missing) != 4 || v.written != "" {
		t.Errorf("asked %d times, %d models are missing, mark %q: want 1, 4 and none", k.asked, len(v.models.missing), v.written)
	}
}

// TestFiguresThatWereLeftOutAreNotForgotten: the last refresh draws them, though
// no row has changed.
func TestFiguresThatWereLeftOutAreNotForgotten(t *testing.T) {
	t.Parallel()
	v := viewOf(t, nil)
	if err := os.Mkdir(v.folder.path(figuresFolder), 0o777); err != nil {
		t.Fatal(err)
	}
	rows := func(yield func(table.Row, error) bool) {
		numbers := map[string]float64{}
		for _, name := range sweep.ErrorNames {
			numbers[name] = 0.1
		}
		for _, k := range []float64{0, 1} {
			c := sweep.Default()
			c.K = k
			if !yield(table.Row{State: sweep.Done, Configuration: c, Measures: &sweep.Measures{Errors: numbers, Floors: numbers}}, nil) {
				return
			}
		}
	}
	for patience, want := range map[time.Duration]bool{-1: false, forever: true} {
		if err := v.drawFigures(t.Context(), v.prepared.shape, rows, patience); err != nil {
			t.Fatal(err)
		}
		if v.undrawn == want {
			t.Errorf("patience %v: undrawn is %v", patience, v.undrawn)
		}
	}
}

// TestALookThatTookLongDelaysTheNextALittle: it may have been at a frozen coordinator.
func TestALookThatTookLongDelaysTheNextALittle(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{
		0: lookEvery, 100 * time.Millisecond: 2 * time.Second, 10 * time.Second: longestLook,
	} {
		if got := lookAgain(lookEvery, took); got != want {
			t.Errorf("after a look of %v: %v, want %v", took, got, want)
		}
	}
}

// TestAProofNeedsNoOtherTable: folders stand where summary.csv should be, and beside it.
func TestAProofNeedsNoOtherTable(t *testing.T) {
	t.Parallel()
	q := queue.New(store.Memory(), queue.Policy{})
	v := viewOf(t, q)
	if _, err := q.Plan(t.Context(), queue.Sweep{ID: v.sweep, Numerics: sweep.Numerics}, v.prepared.tasks()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{summaryFile, "summary.new.csv"} {
		if err := os.MkdirAll(filepath.Join(v.folder.path(name), "held"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{figuresFolder, modelsFolder} {
		if err := os.Mkdir(v.folder.path(name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.writeTables(t.Context(), forever); err != nil {
		t.Error(err)
	}
	if got := v.problems.list(); len(got) != 1 || got[0].File != v.folder.path(summaryFile) || got[0].Beside != "" {
		t.Errorf("problems are %+v, want one about %s", got, summaryFile)
	}
	if _, err := os.Stat(v.folder.path(completenessFile)); err != nil {
		t.Error(err)
	}
}

// TestAttemptsAreWrittenWhenThereIsNews, not at every refresh: the file has all logs.
func TestAttemptsAreWrittenWhenThereIsNews(t *testing.T) {
	t.Parallel()
	q := queue.New(store.Memory(), queue.Policy{})
	v := viewOf(t, q)
	if _, err := q.Plan(t.Context(), queue.Sweep{ID: v.sweep, Numerics: sweep.Numerics, KernelClass: v.prepared.Input.Kernel.Class}, v.prepared.tasks()); err != nil {
		t.Fatal(err)
	}
	refreshed := func() os.FileInfo {
		t.Helper()
		if err := v.refresh(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(v.folder.path(attemptsFile))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := refreshed()
	if !os.SameFile(first, refreshed()) {
		t.Error("it was written again without news")
	}
	p := queue.Process{ID: "worker", Slots: 1, Numerics: sweep.Numerics, KernelClass: v.prepared.Input.Kernel.Class}
	answer, err := q.Sync(t.Context(), queue.SyncRequest{Process: p, Sequence: 1, FreeSlots: 1})
	if err != nil || len(answer.Assignments) == 0 {
		t.Fatalf("%+v, %v: no task was granted", answer, err)
	}
	if os.SameFile(first, refreshed()) {
		t.Error("an attempt began, and it was not written")
	}
}
