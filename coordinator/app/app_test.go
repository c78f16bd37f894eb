package app_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var kernel = circuit.Kernel{Name: "puppet", Class: "puppet/test"}

const fourCells = `
sweep "four" {
  grid {
    neurons   = [1, 2]
    timesteps = [1, 2]
  }
}
`

// config is a run of a grid by two puppets.
func config(t testing.TB, grid string, p *puppets) app.Config {
	return app.Config{
		Input:  app.Input{GridName: "test.hcl", Grid: []byte(grid), Kernel: kernel},
		Out:    filepath.Join(t.TempDir(), "runs", "out"),
		Local:  2,
		Launch: p.launch,
		Policy: queue.Policy{LeaseTerm: 2 * time.Second, BackOff: time.Millisecond, CallAgainBusy: 50 * time.Millisecond},
		Log:    hclog.NewNullLogger(),
	}
}

// played opens and runs a sweep to its end.
func played(t testing.TB, c app.Config) (*app.App, app.Progress) {
	t.Helper()
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	last, err := a.Run(t.Context())
	if err != nil {
		t.Error(err)
	}
	for range 2 { // twice is as good as once
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	return a, last
}

// columns reads some columns of a table in the output folder.
func columns(t testing.TB, folder, name string, wanted ...string) []string {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range table[1:] {
		var cells []string
		for _, column := range wanted {
			cells = append(cells, row[slices.Index(table[0], column)])
		}
		rows = append(rows, strings.Join(cells, " "))
	}
	return rows
}

func TestASweepFromItsGridToItsTables(t *testing.T) {
	t.Parallel()
	p := &puppets{}
	c := config(t, fourCells, p)
	_, last := played(t, c)
	if want := (queue.Counts{Planned: 4, Done: 4}); last.Counts != want || last.Gained != 4 || last.Failed() != 0 {
		t.Errorf("progress is %+v, want %+v", last.Counts, want)
	}
	want := []string{"done 1 1 0.001", "done 1 2 0.002", "done 2 1 0.002", "done 2 2 0.004"}
	if diff := cmp.Diff(want, columns(t, c.Out, "results.csv", "state", "neurons", "timesteps", "mse_k_probability")); diff != "" {
		t.Errorf("results.csv (-want +got):\n%s", diff)
	}
	if got := columns(t, c.Out, "attempts.csv", "outcome", "label"); len(got) != 4 || got[0] != "accepted n=1 t=1 k=0 replicate 0" {
		t.Errorf("attempts.csv: %q", got)
	}
	for _, task := range columns(t, c.Out, "results.csv", "task") {
		if _, err := os.Stat(filepath.Join(c.Out, "models", task+".json")); err != nil {
			t.Error(err)
		}
	}
	var names []string
	entries, err := os.ReadDir(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	wantNames := []string{
		".lock", "attempts.csv", "comparison.csv", "figures", "models", "operator.json", "results.csv",
		"summary.csv", "sweep.db", "sweep.hcl", "sweep.id", "worker.json",
	}
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Errorf("output folder (-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(filepath.Join(c.Out, "figures")); err != nil || len(entries) != 4 {
		t.Errorf("figures: %v, %v", entries, err)
	}
}

func TestTheSameCommandResumes(t *testing.T) {
	t.Parallel()
	p := &puppets{}
	c := config(t, fourCells, p)
	played(t, c)
	before, err := os.ReadFile(filepath.Join(c.Out, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credentials.Load(filepath.Join(c.Out, "worker.json"))
	if err != nil {
		t.Fatal(err)
	}
	a, last := played(t, c)
	if !a.Resumed || a.Revision.AlreadyDone != 4 || a.Revision.Number != 1 || last.Gained != 0 {
		t.Errorf("resumed %v, revision %+v, gained %d", a.Resumed, a.Revision, last.Gained)
	}
	if p.born != 2 {
		t.Errorf("%d workers were started, want 2: the second run needs none", p.born)
	}
	after, err := os.ReadFile(filepath.Join(c.Out, "results.csv"))
	if err != nil || string(after) != string(before) {
		t.Errorf("results.csv changed (%v)", err)
	}
	if again, err := credentials.Load(filepath.Join(c.Out, "worker.json")); err != nil || again.Token != token.Token {
		t.Errorf("the worker's token changed (%v)", err)
	}
}

func TestAnotherGridIsARevision(t *testing.T) {
	t.Parallel()
	p := &puppets{}
	c := config(t, fourCells, p)
	played(t, c)
	c.Grid = []byte(strings.Replace(fourCells, "neurons   = [1, 2]", "neurons   = [2, 3]", 1))
	a, last := played(t, c)
	want := queue.Revision{Number: 2, Added: 2, Kept: 2, Dropped: 2, AlreadyDone: 2}
	if a.Revision != want || last.Gained != 2 {
		t.Errorf("revision is %+v, gained %d, want %+v", a.Revision, last.Gained, want)
	}
	if got := columns(t, c.Out, "results.csv", "state", "neurons"); !slices.Equal(got, []string{"done 2", "done 2", "done 3", "done 3"}) {
		t.Errorf("results.csv: %q", got)
	}
}

func TestRowsMayShareATask(t *testing.T) {
	t.Parallel()
	p := &puppets{}
	c := config(t, `
sweep "shared" {
  grid {
    k      = [0, 1]
    k_loss = ["absolute", "square"]
  }
}
`, p)
	_, last := played(t, c)
	if last.Counts.Done != 3 {
		t.Errorf("%d tasks, want 3: without a K-loss its form does not matter", last.Counts.Done)
	}
	got := columns(t, c.Out, "results.csv", "state", "k", "k_loss", "mse_k_probability")
	want := []string{"done 0 absolute 0.002", "done 0 square 0.002", "done 1 absolute 0.003", "done 1 square 0.003"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results.csv (-want +got):\n%s", diff)
	}
}

func TestASecondCoordinatorIsRefused(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c.Store = filepath.Join(t.TempDir(), "another.db") // not even with a store of its own
	_, err = app.Open(t.Context(), c)
	var input *app.InputError
	if !errors.As(err, &input) || !errors.Is(err, app.ErrInUse) {
		t.Errorf("error is %v, want an InputError that is ErrInUse", err)
	}
}

func TestAnInterruptedSweepHandsBackAndResumes(t *testing.T) {
	t.Parallel()
	p := &puppets{act: func(c sweep.Configuration) *spiqsweepv1.Report {
		if c.Neurons == 2 {
			return nil
		}
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}}
	c := config(t, fourCells, p)
	ctx, interrupt := context.WithCancel(t.Context())
	c.Follow = func(now app.Progress) {
		if now.Counts.Leased == 2 { // both puppets are at work on what takes for ever
			interrupt()
		}
	}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	last, err := a.Run(ctx)
	if !errors.Is(err, context.Canceled) || last.Counts.Leased != 0 || last.Counts.Pending == 0 {
		t.Errorf("ended with %+v, %v, want nothing leased and Canceled", last.Counts, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	outcomes := columns(t, c.Out, "attempts.csv", "outcome")
	if slices.Contains(outcomes, "lost") || !slices.Contains(outcomes, "handed_back") {
		t.Errorf("attempts: %q", outcomes)
	}

	p.act, c.Follow = nil, nil
	_, last = played(t, c)
	if last.Counts.Done != 4 {
		t.Errorf("%d tasks done, want 4", last.Counts.Done)
	}
}

func TestFailingTasksAreSetAsideAndReopened(t *testing.T) {
	t.Parallel()
	p := &puppets{act: failing}
	c := config(t, fourCells, p)
	_, last := played(t, c)
	if want := (queue.Counts{Planned: 4, SetAside: 4}); last.Counts != want || last.Failed() != 4 {
		t.Errorf("progress is %+v, want %+v", last.Counts, want)
	}
	if got := columns(t, c.Out, "attempts.csv", "outcome", "message", "log"); len(got) != 12 || got[0] != "failed NaN step 3: NaN" {
		t.Errorf("attempts.csv: %q", got)
	}
	place := app.Place{Out: c.Out}
	status, err := place.Status(t.Context())
	if err != nil || len(status.GetSetAside()) != 4 || status.GetSetAside()[0].GetReason() == "" {
		t.Errorf("status is %v, %v", status, err)
	}
	if reopened, err := place.Retry(t.Context(), nil, false); err != nil || reopened != 4 {
		t.Errorf("%d tasks reopened, %v", reopened, err)
	}
	p.act = nil
	_, last = played(t, c)
	if last.Counts.Done != 4 {
		t.Errorf("%d tasks done after a retry, want 4", last.Counts.Done)
	}
}

func TestStatusAndRetryThroughTheCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{act: failing})
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	ran := make(chan error)
	a.Local = 0
	go func() {
		_, err := a.Run(ctx)
		ran <- err
	}()
	place := app.Place{Out: c.Out}
	answer, running, err := place.Ask(t.Context())
	if err != nil || !running || answer.GetCounts().GetPending() != 4 {
		t.Errorf("the coordinator answers %v, %v, %v", answer, running, err)
	}
	if reopened, err := place.Retry(t.Context(), nil, false); err != nil || reopened != 0 {
		t.Errorf("%d tasks reopened, %v", reopened, err)
	}
	interrupt()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want Canceled", err)
	}
}

func TestASweepKeepsItsKernelClass(t *testing.T) {
	t.Parallel()
	p := &puppets{}
	c := config(t, fourCells, p)
	played(t, c)
	other := c
	other.Kernel = circuit.Kernel{Name: "other", Class: "other/test"}
	_, err := app.Open(t.Context(), other)
	var input *app.InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "--kernel puppet/test") || !strings.Contains(err.Error(), "--recompute") {
		t.Errorf("error is %v, want an InputError that names the mends", err)
	}
	other.Recompute = true
	a, err := app.Open(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if want := (queue.Revision{Number: 1, Added: 4}); a.Revision != want || a.Resumed {
		t.Errorf("revision is %+v, resumed %v, want %+v of a new sweep", a.Revision, a.Resumed, want)
	}
}

func TestAFileThatCannotBeReplacedIsWrittenBeside(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	if err := os.MkdirAll(filepath.Join(c.Out, "results.csv", "held"), 0o777); err != nil {
		t.Fatal(err)
	}
	played(t, c)
	if got := columns(t, c.Out, "results.new.csv", "state"); len(got) != 4 {
		t.Errorf("results.new.csv: %q", got)
	}
}

func TestTheGridIsKeptAsItWasRun(t *testing.T) {
	t.Parallel()
	grid := `
variable "t" {
  default = 1
}
sweep "variable" {
  grid {
    timesteps = [var.t]
  }
}
`
	c := config(t, grid, &puppets{})
	c.Variables = map[string]string{"t": "3"}
	played(t, c)
	kept, err := os.ReadFile(filepath.Join(c.Out, "sweep.hcl"))
	if err != nil || string(kept) != grid+"\n# Run with\n# --var t=3\n" {
		t.Errorf("sweep.hcl is %q, %v", kept, err)
	}
}

// TestBadInputLeavesNothing opens what cannot be run, and looks for traces.
func TestBadInputLeavesNothing(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*app.Config)
		want   string
	}{
		"grid":             {func(c *app.Config) { c.Grid = []byte("sweep {") }, "test.hcl:1"},
		"setting":          {func(c *app.Config) { c.Grid = []byte(strings.Replace(fourCells, "neurons", "neuron", 1)) }, "did you mean"},
		"variable":         {func(c *app.Config) { c.Variables = map[string]string{"x": "1"} }, "x"},
		"recording":        {func(c *app.Config) { c.Recording = file }, "neither a MATLAB v5 nor a .npy file"},
		"no recording":     {func(c *app.Config) { c.Recording = file + "s" }, "no such file"},
		"too many neurons": {func(c *app.Config) { c.Grid = []byte(strings.Replace(fourCells, "[1, 2]", "[17]", 1)) }, "17"},
		"too long a window": {func(c *app.Config) {
			c.Grid = []byte(strings.Replace(fourCells, "timesteps = [1, 2]", "timesteps = [953]", 1))
		}, "952"},
		"address":            {func(c *app.Config) { c.Listen = "localhost" }, "HOST:PORT"},
		"every address":      {func(c *app.Config) { c.Listen = ":7473" }, "plain text"},
		"another's address":  {func(c *app.Config) { c.Listen = "192.0.2.1:7473" }, "plain text"},
		"busy address":       {func(c *app.Config) { c.Listen = busy.Addr().String() }, "in use"},
		"store":              {func(c *app.Config) { c.Store = "mysql://host/db" }, "mysql"},
		"output is a file":   {func(c *app.Config) { c.Out = file }, "is a file"},
		"output in a file":   {func(c *app.Config) { c.Out = filepath.Join(file, "out") }, "is a file"},
		"two tasks, one row": {func(c *app.Config) { c.Grid = nil }, "sweep block"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := config(t, fourCells, &puppets{})
			parent := filepath.Dir(filepath.Dir(c.Out))
			test.change(&c)
			a, err := app.Open(t.Context(), c)
			if a != nil {
				a.Close()
			}
			var input *app.InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want an InputError with %q", err, test.want)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) != 0 {
				t.Errorf("left %v, %v", entries, err)
			}
		})
	}
}

func TestAFolderWithoutASweep(t *testing.T) {
	t.Parallel()
	place := app.Place{Out: t.TempDir()}
	var input *app.InputError
	if _, err := place.Status(t.Context()); !errors.As(err, &input) || !strings.Contains(err.Error(), "no sweep") {
		t.Errorf("error of Status is %v", err)
	}
	if _, err := place.Retry(t.Context(), nil, false); !errors.As(err, &input) {
		t.Errorf("error of Retry is %v", err)
	}
	entries, err := os.ReadDir(place.Out)
	if err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestEstimateKnowsWhatIsFinished(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	prepared, err := app.Prepare(c.Input)
	if err != nil {
		t.Fatal(err)
	}
	place := app.Place{Out: c.Out}
	before, err := prepared.Estimate(t.Context(), place)
	if err != nil || before.Finished != 0 || before.Seconds <= 0 || before.Tasks != 4 {
		t.Errorf("estimate is %+v, %v", before, err)
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an estimate made the output folder (%v)", err)
	}
	played(t, c)
	after, err := prepared.Estimate(t.Context(), place)
	if err != nil || after.Finished != 4 || after.Seconds != 0 {
		t.Errorf("estimate is %+v, %v", after, err)
	}
}

func ExamplePrepare() {
	prepared, err := app.Prepare(app.Input{
		GridName: "example.hcl",
		Grid:     []byte("sweep \"example\" {\n  replicates = 3\n  grid {\n    neurons = [2, 4]\n  }\n}\n"),
		Kernel:   circuit.Kernel{Class: "portable/amd64"},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(prepared.Grid.Cells), "cells,", len(prepared.Plan.Tasks), "tasks on", prepared.Data())
	// Output: 2 cells, 6 tasks on surrogate
}
