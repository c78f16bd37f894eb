package app_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
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
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drawingIsSlow is the reason to skip a test about files under the race detector.
const drawingIsSlow = "each finished sweep draws figures for ten seconds"

var kernel = circuit.Kernel{Name: "fake", Class: "fake/test"}

const fourConfigurations = `
sweep "four" {
  grid {
    neurons   = [1, 2]
    timesteps = [1, 2]
  }
}
`

// config returns the configuration of a run with two fake workers, whose leases do not expire on a slow
// machine.
func config(t testing.TB, grid string, p *fakeWorkers) app.Config {
	return app.Config{
		Input: app.Input{GridName: "test.hcl", Grid: []byte(grid), Kernel: kernel},
		Out:   filepath.Join(t.TempDir(), "runs", "out"),
		Options: host.Options{
			Local:  2,
			Launch: p.launch,
			Policy: queue.Policy{LeaseTerm: time.Minute, BackOff: time.Millisecond, CallAgainBusy: 50 * time.Millisecond},
			Log:    hclog.NewNullLogger(),
		},
	}
}

// runToEnd opens a sweep and runs it to its end.
func runToEnd(t testing.TB, c app.Config) (*app.App, app.Progress) {
	t.Helper()
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	last, err := a.Run(t.Context())
	if err != nil {
		t.Error(err)
	}
	for range 2 { // Close may be called twice
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
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	_, last := runToEnd(t, c)
	if want := (queue.Counts{Planned: 4, Done: 4}); last.Counts != want || last.Gained != 4 || last.Incomplete() != 0 {
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
		".lock", "attempts.csv", "axes.csv", "claims.csv", "claims.md", "comparison.csv", "completeness.json", "figures", "models", "operator.json", "results.csv", "run.json",
		"summary.csv", "sweep.db", "sweep.hcl", "sweep.id", "worker.json",
	}
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Errorf("output folder (-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(filepath.Join(c.Out, "figures")); err != nil || len(entries) != 4 {
		t.Errorf("figures: %v, %v", entries, err)
	}
}

func TestRowsMayShareATask(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, `
sweep "shared" {
  grid {
    k      = [0, 1]
    k_loss = ["absolute", "square"]
  }
}
`, p)
	_, last := runToEnd(t, c)
	if last.Counts.Done != 3 {
		t.Errorf("%d tasks, want 3: without a K-loss its form does not matter", last.Counts.Done)
	}
	got := columns(t, c.Out, "results.csv", "state", "k", "k_loss", "mse_k_probability")
	want := []string{"done 0 absolute 0.002", "done 0 square 0.002", "done 1 absolute 0.003", "done 1 square 0.003"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results.csv (-want +got):\n%s", diff)
	}
}

func TestAnInterruptedSweepHandsBackAndResumes(t *testing.T) {
	t.Parallel()
	p := &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
		if c.Neurons == 2 {
			return nil
		}
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}}
	c := config(t, fourConfigurations, p)
	ctx, interrupt := context.WithCancel(t.Context())
	c.Follow = func(now app.Progress) {
		if now.Counts.Leased == 2 { // both workers hold a task that never ends
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
	_, last = runToEnd(t, c)
	if last.Counts.Done != 4 {
		t.Errorf("%d tasks done, want 4", last.Counts.Done)
	}
}

func TestAFileThatCannotBeReplacedGetsANewName(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	planned, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(c.Out, "results.csv", "held"), 0o777); err != nil {
		t.Fatal(err)
	}
	runToEnd(t, c)
	if got := columns(t, c.Out, "results.new.csv", "state"); len(got) != 4 {
		t.Errorf("results.new.csv: %q", got)
	}
}

func TestTheGridIsKeptAsItWasRun(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
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
	c := config(t, grid, &fakeWorkers{})
	c.Variables = map[string]string{"t": "3"}
	runToEnd(t, c)
	kept, err := os.ReadFile(filepath.Join(c.Out, "sweep.hcl"))
	if err != nil || string(kept) != grid+"\n# Run with\n# --var t=3\n" {
		t.Errorf("sweep.hcl is %q, %v", kept, err)
	}
}

func ExamplePrepare() {
	prepared, err := app.Prepare(context.Background(), app.Input{
		GridName: "example.hcl",
		Grid:     []byte("sweep \"example\" {\n  replicates = 3\n  grid {\n    neurons = [2, 4]\n  }\n}\n"),
		Kernel:   circuit.Kernel{Class: "portable/amd64"},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(prepared.Grid.Len(), "configurations,", prepared.Plan.TaskCount(), "tasks on", prepared.Data())
	// Output: 2 configurations, 6 tasks on surrogate
}
