package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

const kernelClass = "portable/amd64"

// unavailable is a Source that does not answer.
type unavailable struct {
	Source
	calls int // of Result
}

func (u *unavailable) Result(context.Context, sweep.TaskID, string) ([]byte, error) {
	u.calls++
	return nil, fmt.Errorf("%w: gone", queue.ErrUnavailable)
}

func viewOf(t *testing.T, source Source) *View {
	t.Helper()
	g, diagnostics := grid.Parse("test.hcl", []byte("sweep \"test\" {\n  replicates = 4\n}\n"), nil)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	p, err := plan.New(t.Context(), g, func(sweep.Configuration) (string, error) { return sweep.Digest(nil), nil }, sweep.Numerics, kernelClass, nil)
	if err != nil {
		t.Fatal(err)
	}
	selected := func(_ context.Context, c sweep.Configuration) (Selected, error) {
		return Selected{Recording: "test", NeuronIDs: make([]int, c.Neurons), BinMS: 20}, nil
	}
	return NewView(Folder(t.TempDir()), source, Sweep{ID: "sweep", Grid: g, Plan: p, Selected: selected}, hclog.NewNullLogger())
}

// planned returns a queue with the sweep of a view.
func planned(t *testing.T) (*queue.Queue, *View) {
	t.Helper()
	q := queue.New(queuetest.Memory(time.Now), queue.Policy{})
	v := viewOf(t, q)
	tasks := func(yield func(queue.Planned, error) bool) {
		for p := range v.sweep.Plan.Tasks() {
			if !yield(queue.Planned{Task: p.Task, Row: p.Row, Order: p.Order, Cost: p.Cost}, nil) {
				return
			}
		}
	}
	if _, err := q.Plan(t.Context(), queue.Sweep{ID: v.sweep.ID, Numerics: sweep.Numerics, KernelClass: kernelClass}, tasks); err != nil {
		t.Fatal(err)
	}
	return q, v
}

// TestModelsWaitForTheQueue checks that one unanswered call ends the writing of models:
// each may take seconds to fail.
func TestModelsWaitForTheQueue(t *testing.T) {
	t.Parallel()
	u := &unavailable{}
	v := viewOf(t, u)
	v.tablesMark = "a mark"
	for row := range int32(4) {
		v.models.missing = append(v.models.missing, missingModel{row: row})
	}
	if err := v.writeModels(t.Context(), NoLimit); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("%v, want %v", err, queue.ErrUnavailable)
	}
	if u.calls != 1 || len(v.models.missing) != 4 || v.tablesMark != "" {
		t.Errorf("%d calls, %d models are missing, mark %q: want 1, 4 and none", u.calls, len(v.models.missing), v.tablesMark)
	}
}

// TestOmittedFiguresAreDrawnInTheEnd checks that a refresh without a limit draws the
// figures that a limit left out, although no row has changed.
func TestOmittedFiguresAreDrawnInTheEnd(t *testing.T) {
	t.Parallel()
	v := viewOf(t, nil)
	if err := os.Mkdir(v.folder.Path(figuresFolder), 0o777); err != nil {
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
	for limit, want := range map[time.Duration]bool{-1: false, NoLimit: true} {
		if err := v.drawS1(t.Context(), v.shape, rows, limit); err != nil {
			t.Fatal(err)
		}
		if v.undrawn == want {
			t.Errorf("limit %v: undrawn is %v", limit, v.undrawn)
		}
	}
}

// TestCompletenessNeedsNoOtherTable puts folders in the place of a table or text and of
// its substitute.
func TestCompletenessNeedsNoOtherTable(t *testing.T) {
	t.Parallel()
	for _, file := range []string{summaryFile, claimsFile, claimsTextFile} {
		t.Run(file, func(t *testing.T) { completenessWithout(t, file) })
	}
}

func completenessWithout(t *testing.T, file string) {
	t.Parallel()
	_, v := planned(t)
	extension := filepath.Ext(file)
	for _, name := range []string{file, strings.TrimSuffix(file, extension) + ".new" + extension} {
		if err := os.MkdirAll(filepath.Join(v.folder.Path(name), "held"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{figuresFolder, modelsFolder} {
		if err := os.Mkdir(v.folder.Path(name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.writeTables(t.Context(), NoLimit); err != nil {
		t.Error(err)
	}
	if got := v.Problems(); len(got) != 1 || got[0].File != v.folder.Path(file) || got[0].WrittenTo != "" {
		t.Errorf("problems are %+v, want one about %s", got, file)
	}
	if _, err := os.Stat(v.folder.Path(completenessFile)); err != nil {
		t.Error(err)
	}
}

// TestAttemptsAreWrittenAfterChanges checks that not every refresh writes attempts.csv,
// which holds all logs.
func TestAttemptsAreWrittenAfterChanges(t *testing.T) {
	t.Parallel()
	q, v := planned(t)
	refreshed := func() os.FileInfo {
		t.Helper()
		if err := v.Refresh(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(v.folder.Path(attemptsFile))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := refreshed()
	if !os.SameFile(first, refreshed()) {
		t.Error("it was written again without a change")
	}
	p := queue.Process{ID: "worker", Slots: 1, Numerics: sweep.Numerics, KernelClass: kernelClass}
	answer, err := q.Sync(t.Context(), queue.SyncRequest{Process: p, Sequence: 1, FreeSlots: 1})
	if err != nil || len(answer.Assignments) == 0 {
		t.Fatalf("%+v, %v: no task was granted", answer, err)
	}
	if os.SameFile(first, refreshed()) {
		t.Error("an attempt began, and it was not written")
	}
}

// TestAPanicOfAViewIsAProblem checks that a panic is recorded as a problem of the file,
// and that other readers get the rows.
func TestAPanicOfAViewIsAProblem(t *testing.T) {
	t.Parallel()
	v := viewOf(t, nil)
	if err := v.write(resultsFile, func(io.Writer) error { panic("of a view") }); err != nil {
		t.Error(err)
	}
	if got := v.Problems(); len(got) != 1 || !strings.Contains(got[0].Reason, "of a view") {
		t.Errorf("problems are %+v", got)
	}
	read := 0
	err := fanOut(func(yield func(table.Row, error) bool) { yield(table.Row{}, nil) },
		func(table.Rows) error { panic("of a reader") },
		func(rows table.Rows) error {
			for _, err := range rows {
				if err != nil {
					return err
				}
				read++
			}
			return nil
		})
	if err == nil || !strings.Contains(err.Error(), "of a reader") || read != 1 {
		t.Errorf("error is %v, %d rows were read", err, read)
	}
	if err := v.write(resultsFile, func(io.Writer) error { return nil }); err != nil || len(v.Problems()) != 0 {
		t.Errorf("after it could be written: %v, %+v", err, v.Problems())
	}
}

// TestAFaultOfTheClaimsIsAProblem checks that a panic in the claims is recorded as a
// problem of claims.csv, until they can be written.
func TestAFaultOfTheClaimsIsAProblem(t *testing.T) {
	t.Parallel()
	v := viewOf(t, nil)
	broken := func(func(table.Row, error) bool) { panic("of the claims") }
	if found, err := v.writeClaims(v.shape, broken); found != nil || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if got := v.Problems(); len(got) != 1 || got[0].File != v.folder.Path(claimsFile) || !strings.Contains(got[0].Reason, "of the claims") {
		t.Errorf("problems are %+v", got)
	}
	none := func(func(table.Row, error) bool) {}
	if _, err := v.writeClaims(v.shape, none); err != nil || len(v.Problems()) != 0 {
		t.Errorf("after it could be written: %v, %+v", err, v.Problems())
	}
	if text, err := os.ReadFile(v.folder.Path(claimsTextFile)); err != nil || !strings.HasPrefix(string(text), "# ") {
		t.Errorf("%s: %q, %v", claimsTextFile, text, err)
	}
}

// TestReportOfARefresh requires that a refresh reports the rows it writes and the results that it
// checks, so that a resumed sweep of many tasks is not silent in the end.
func TestReportOfARefresh(t *testing.T) {
	t.Parallel()
	_, v := planned(t)
	var reports []string
	report := func(activity string, done, of int) {
		reports = append(reports, fmt.Sprint(activity, " ", done, " of ", of))
	}
	v.ReportTo(report)
	if err := v.Refresh(t.Context(), NoLimit); err != nil {
		t.Fatal(err)
	}
	checks := viewOf(t, &unavailable{})
	checks.ReportTo(report)
	checks.models.missing = make([]missingModel, 4)
	_ = checks.writeModels(t.Context(), NoLimit)
	for _, want := range []string{"writing tables and figures 3 of 4", "checking results and writing models 0 of 4"} {
		if !slices.Contains(reports, want) {
			t.Errorf("reports %q lack %q", reports, want)
		}
	}
}
