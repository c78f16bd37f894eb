package plan

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

func parse(t testing.TB, source string) *grid.Grid {
	t.Helper()
	g, diagnostics := grid.Parse("test.hcl", []byte(source), nil)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics.Error())
	}
	return g
}

// digest depends on the selected neurons and their number.
func digest(c sweep.Configuration) (string, error) {
	return fmt.Sprintf("%s/%d", c.Recording.Select, c.Neurons), nil
}

func plan(t testing.TB, source string) *Plan {
	t.Helper()
	p, err := New(t.Context(), parse(t, source), digest, sweep.Numerics, "portable/amd64", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tasksOf returns the tasks in the order of execution.
func tasksOf(p *Plan) []Task {
	return slices.SortedFunc(p.Tasks(), func(a, b Task) int { return a.Order - b.Order })
}

func rowsOf(p *Plan) (rows []sweep.Task) {
	for _, row := range p.Rows() {
		rows = append(rows, row)
	}
	return rows
}

func TestRowsAreInGridOrderWithReplicatesInside(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 2
		grid {
			timesteps = [2, 1]
			k         = [0, 1]
		}
	}`)
	var got []string
	for _, row := range p.Rows() {
		got = append(got, fmt.Sprintf("%d: %s", row.ConfigurationIndex, row.Configuration.Label()))
	}
	want := []string{
		"0: n=2 t=2 k=0 replicate 0", "0: n=2 t=2 k=0 replicate 1",
		"1: n=2 t=2 k=1 replicate 0", "1: n=2 t=2 k=1 replicate 1",
		"2: n=2 t=1 k=0 replicate 0", "2: n=2 t=1 k=0 replicate 1",
		"3: n=2 t=1 k=1 replicate 0", "3: n=2 t=1 k=1 replicate 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTasksRunByReplicateAndTheLongestFirst(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 2
		grid {
			neurons   = [2, 6]
			timesteps = [1, 5]
			k         = [0, 1]
		}
	}`)
	var got []string
	for _, task := range tasksOf(p) {
		got = append(got, task.Configuration.Label())
	}
	var want []string
	for replicate := range 2 {
		for _, size := range []string{"n=6 t=5", "n=6 t=1", "n=2 t=5", "n=2 t=1"} {
			for k := range 2 {
				want = append(want, fmt.Sprintf("%s k=%d replicate %d", size, k, replicate))
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTaskHasItsParts(t *testing.T) {
	p := plan(t, `sweep "a" {
		recording {
			select = [5, 4]
		}
	}`)
	task := tasksOf(p)[0]
	if task.Recording != "5,4/2" {
		t.Errorf("recording = %q", task.Recording)
	}
	if want := sweep.NewTaskID(task.Configuration, "5,4/2", sweep.Numerics, "portable/amd64"); task.ID != want {
		t.Errorf("ID = %s, want %s", task.ID, want)
	}
	if task.Cost != Cost(task.Configuration, portableClass) {
		t.Errorf("cost = %v, want %v", task.Cost, Cost(task.Configuration, portableClass))
	}
}

// TestConfigurationsShareATask uses two configurations of the standard loss, which
// has no form of K-loss.
func TestConfigurationsShareATask(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 2
		grid {
			k      = [0, 1]
			k_loss = ["absolute", "square"]
		}
	}`)
	if p.Len() != 8 || p.TaskCount() != 6 {
		t.Fatalf("%d rows, %d tasks, want 8 and 6", p.Len(), p.TaskCount())
	}
	if p.Row(0).ID != p.Row(2).ID || p.Row(2).Configuration.Training.KLoss != "square" {
		t.Error("the second configuration does not show the first one's task with its own settings")
	}
	e := p.Estimate(nil)
	if e.Tasks != 6 || e.Configurations[1].Shared != 2 || e.Configurations[1].Seconds != 0 || e.Configurations[0].Shared != 0 {
		t.Errorf("got %+v, want the second configuration's rows as shared", e)
	}
	finished := p.Estimate(map[sweep.TaskID]bool{p.Row(0).ID: true})
	if finished.Finished != 1 || finished.Configurations[0].Finished != 1 || finished.Configurations[1].Finished != 1 || finished.Configurations[1].Shared != 1 {
		t.Errorf("got %+v, want one finished task in two rows", finished)
	}
}

func TestEstimate(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 3
		grid {
			neurons = [2, 4]
		}
	}`)
	small, large := Cost(p.Row(0).Configuration, portableClass), Cost(p.Row(3).Configuration, portableClass)
	want := Estimate{
		Configurations: []ConfigurationEstimate{
			{Configuration: p.Row(0).Configuration, Rows: 3, Finished: 1, Seconds: small + small},
			{Configuration: p.Row(3).Configuration, Rows: 3, Finished: 3},
		},
		Tasks: 6, Finished: 4, Seconds: small + small, Longest: small, Bytes: 2 * Bytes(p.Row(0).Configuration),
		Largest: p.Row(0).Configuration, Memory: p.Row(0).Configuration.MemoryBytes(),
	}
	got := p.Estimate(map[sweep.TaskID]bool{
		p.Row(1).ID: true, p.Row(3).ID: true, p.Row(4).ID: true, p.Row(5).ID: true, "of another sweep": true,
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for workers, want := range map[int]float64{0: 2 * small, 1: 2 * small, 2: small, 9: small} {
		if wall := got.WallSeconds(workers); wall != want {
			t.Errorf("%d workers: %v s, want %v", workers, wall, want)
		}
	}
	if small >= large {
		t.Errorf("two neurons cost %v, four %v", small, large)
	}
}

func TestRecordingFaultsAreReportedOnce(t *testing.T) {
	g := parse(t, `sweep "a" {
		replicates = 3
		grid {
			neurons   = [2, 4, 6]
			timesteps = [1, 2]
		}
	}`)
	_, err := New(t.Context(), g, func(c sweep.Configuration) (string, error) {
		if c.Neurons > 2 {
			return "", fmt.Errorf("the recording has 3 neurons, neurons = %d", c.Neurons)
		}
		if c.Timesteps > 1 {
			return "", errors.New("the recording has 1 bin")
		}
		return "d", nil
	}, 1, "class", nil)
	want := strings.Join([]string{
		"plan configuration n=2 t=2: the recording has 1 bin",
		"plan configuration n=4 t=1: the recording has 3 neurons, neurons = 4",
		"plan configuration n=6 t=1: the recording has 3 neurons, neurons = 6",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRecordingFaultsAreBounded(t *testing.T) {
	g := parse(t, "sweep \"a\" {\ngrid {\ntimesteps = range(1, 1001)\n}\n}\n")
	_, err := New(t.Context(), g, func(c sweep.Configuration) (string, error) {
		return "", fmt.Errorf("no window of %d", c.Timesteps)
	}, sweep.Numerics, "portable/amd64", nil)
	if err == nil || strings.Count(err.Error(), "\n") != maxFaults || !strings.HasSuffix(err.Error(), "\nand 990 more such faults: take these configurations out of the grid, or exclude them") {
		t.Errorf("got %v", err)
	}
}

// TestPlanProperties checks for random grids that every row has its task, that every
// task has its first row, and that New is deterministic.
func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		axes := map[string][]string{
			"neurons": {"2", "4"}, "k": {"0", "1"}, "k_loss": {`"absolute"`, `"square"`},
			"constraint": {`"clip"`, `"none"`}, "clip_bound": {"0.1", "0.2"}, "auxiliary": {"0", "1"},
		}
		source := fmt.Sprintf("sweep \"a\" {\nreplicates = %d\ngrid {\n", rapid.IntRange(1, 3).Draw(t, "replicates"))
		names := rapid.Permutation([]string{"k", "k_loss", "constraint", "clip_bound", "neurons", "auxiliary"}).Draw(t, "axes")
		names = slices.DeleteFunc(names, func(name string) bool { return name == "auxiliary" && rapid.Bool().Draw(t, "fewer axes") })
		for _, name := range names {
			source += fmt.Sprintf("%s = [%s]\n", name, strings.Join(axes[name], ", "))
		}
		source += "}\n}\n"
		g, diagnostics := grid.Parse("test.hcl", []byte(source), nil)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics.Error())
		}
		p, err := New(t.Context(), g, digest, 1, "class", nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := New(t.Context(), g, digest, 1, "class", nil)
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("a second plan differs: %v", err)
		}
		known := map[sweep.TaskID]bool{}
		tasks, rows := tasksOf(p), rowsOf(p)
		for i, task := range tasks {
			if known[task.ID] {
				t.Fatalf("task %s occurs twice", task.ID)
			}
			known[task.ID] = true
			first := slices.IndexFunc(rows, func(r sweep.Task) bool { return r.ID == task.ID })
			if task.Order != i || task.Row != first || task.Task != rows[first] || !p.Has(task.ID) {
				t.Fatalf("task %d is of row %d, want %d", i, task.Row, first)
			}
			if i > 0 && tasks[i-1].Configuration.Replicate > task.Configuration.Replicate {
				t.Fatal("a later replicate runs before an earlier one")
			}
		}
		for _, row := range p.Rows() {
			if !known[row.ID] {
				t.Fatalf("row %s has no task", row.Configuration.Label())
			}
		}
		for i, row := range rows {
			first := slices.IndexFunc(rows, func(r sweep.Task) bool { return r.ID == row.ID })
			again := slices.ContainsFunc(rows[first+1:], func(r sweep.Task) bool { return r.ID == row.ID })
			if p.First(i) != first || p.Repeated(i) != again {
				t.Fatalf("row %d is first shown by %d, repeated: %v, want %d, %v", i, p.First(i), p.Repeated(i), first, again)
			}
		}
		if p.Has("") || p.Has(sweep.NewTaskID(sweep.Default(), "another", 1, "class")) {
			t.Fatal("Has reports a task of another plan")
		}
		e := p.Estimate(nil)
		shared := 0
		for _, configuration := range e.Configurations {
			shared += configuration.Shared
		}
		if e.Tasks != p.TaskCount() || p.Len() != p.TaskCount()+shared {
			t.Fatalf("%d rows are %d tasks and %d shared", p.Len(), e.Tasks, shared)
		}
	})
}

// TestNewReportsProgress checks that New reports the rows of many replicates and of many
// configurations in equal steps, up to the last row.
func TestNewReportsProgress(t *testing.T) {
	for name, source := range map[string]string{
		"replicates": `sweep "a" {
			replicates = 3000
		}`,
		"configurations": `sweep "a" {
			replicates = 3
			grid {
				timesteps = range(1, 501)
				k         = [0, 1]
			}
		}`,
	} {
		g := parse(t, source)
		var got []int
		if _, err := New(t.Context(), g, digest, sweep.Numerics, "portable/amd64", func(rows int) { got = append(got, rows) }); err != nil {
			t.Fatal(err)
		}
		if want := []int{1024, 2048, 3000}; !slices.Equal(got, want) {
			t.Errorf("%s: reported %d, want %d", name, got, want)
		}
	}
}

// TestNewStops checks that New returns the cause when its context ends while it plans the
// rows, or when all are planned.
func TestNewStops(t *testing.T) {
	g := parse(t, `sweep "a" { replicates = 3000 }`)
	for _, last := range []int{1024, 3000} {
		ctx, stop := context.WithCancelCause(t.Context())
		reached, cause := 0, errors.New("a signal")
		p, err := New(ctx, g, digest, sweep.Numerics, "portable/amd64", func(rows int) {
			if reached = rows; rows == last {
				stop(cause)
			}
		})
		if p != nil || !errors.Is(err, cause) || reached != last {
			t.Errorf("stopped after row %d, planned %d rows: %v, %v", last, reached, p, err)
		}
	}
}

func TestBaselinesHaveOneRow(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 2
		grid {
			k      = [0, 1]
			select = ["first", "random"]
		}
		evaluation { baselines = ["independent", "pairwise"] }
	}`)
	var labels []string
	for _, row := range rowsOf(p)[8:] {
		labels = append(labels, fmt.Sprintf("%d %s", row.ConfigurationIndex, row.Configuration.Label()))
	}
	want := []string{"4 independent n=2 t=1", "5 independent n=2 t=1", "6 pairwise n=2 t=1", "7 pairwise n=2 t=1"}
	if diff := cmp.Diff(want, labels); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.TaskCount() != 12 {
		t.Errorf("%d tasks", p.TaskCount())
	}
	for i, task := range tasksOf(p) {
		if second := task.Configuration.Replicate == 1; second != (i >= 8) {
			t.Errorf("task %d of 12 is %s", i, task.Configuration.Label())
		}
	}
}

func TestBeginning(t *testing.T) {
	p := plan(t, `sweep "a" {
		replicates = 20
		grid { k = [0, 1] }
	}`)
	for i, row := range p.Rows() {
		for _, length := range []int{0, 1, 2, 64} {
			var want []int
			for j, other := range p.Rows() {
				if strings.HasPrefix(string(other.ID), string(row.ID[:length])) {
					want = append(want, j)
				}
			}
			slices.SortFunc(want, func(a, b int) int { return strings.Compare(string(p.Row(a).ID), string(p.Row(b).ID)) })
			want = want[:min(len(want), 3)]
			if diff := cmp.Diff(want, p.Beginning(string(row.ID[:length]), 3)); diff != "" {
				t.Errorf("row %d, %d characters (-want +got):\n%s", i, length, diff)
			}
		}
	}
	for _, none := range []string{"xyz", "g", strings.Repeat("f", 65)} {
		if got := p.Beginning(none, 3); len(got) > 0 {
			t.Errorf("%q: rows %v", none, got)
		}
	}
}
