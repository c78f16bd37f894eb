package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spiqsweep/sweep"
)

// TestFiles checks the files that are made from the store.
func TestFiles(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, furtherAxes)
	q.finish(t, s, 0, 0.25)
	c := s.rows[0].Task.Configuration
	result := sweep.Result{TrainableParameters: 16, Angles: [][][][2]float64{make([][][2]float64, 4)}, History: []sweep.HistoryPoint{{Step: 0, JSBits: 0.5}}}
	body, err := result.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.results[s.rows[0].Task.ID], s.rows[0].Digest = body, sweep.ResultDigest(body)
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	address := "/sweeps/" + sweepID + "/files/"
	for name, want := range map[string]string{
		"results.csv": string(s.rows[0].Task.ID) + ",done,spiqgan,2,1,0,0,paper,chain,surrogate",
		"summary.csv": "mse_k_probability", "axes.csv": "axis", "comparison.csv": "", "claims.csv": "undecided", "claims.md": "claim",
		"models/" + string(s.rows[0].Task.ID) + ".csv": "0,0.5",
	} {
		got := ask(p, "GET", address+name, "")
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s: status %d, without %q: %.300s", name, got.Code, want, got.Body)
		}
		if disposition := got.Header().Get("Content-Disposition"); disposition != `attachment; filename="`+filepath.Base(name)+`"` {
			t.Errorf("%s: Content-Disposition is %s", name, disposition)
		}
	}
	lines := strings.Count(ask(p, "GET", address+"results.csv", "").Body.String(), "\n")
	if want := 1 + 16 + 2; lines != want { // a header, the circuit, the baseline
		t.Errorf("results.csv has %d lines, want %d, with those that share a task (%d tasks, model %s)", lines, want, len(s.rows), c.Model)
	}
	complete(t, p, "/sweeps/"+sweepID)
	svg := ask(p, "GET", "/sweeps/"+sweepID+"/figures/S1-preset=paper-entangler=chain.svg", "")
	if svg.Code != http.StatusOK || !strings.Contains(svg.Body.String(), "<svg") || !strings.Contains(svg.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the figure: status %d, %.200s", svg.Code, svg.Body)
	}
}

// TestData checks what the rows and the model file of a sweep say they were trained on.
func TestData(t *testing.T) {
	t.Parallel()
	grid := func(block, axis string) string {
		return fmt.Sprintf("sweep \"a\" {\n recording {\n %s\n}\n grid {\n neurons = [2]\n timesteps = [1]\n %s\n}\n}", block, axis)
	}
	file := `source = "file"`
	for name, test := range map[string]struct {
		grid, recording string
		want            []string // of the rows
	}{
		"the surrogate":                         {grid("", ""), "", []string{"surrogate"}},
		"a recording in its place":              {grid("", ""), "mine.csv", []string{"mine.csv"}},
		"a recording":                           {grid(file, ""), "mine.csv", []string{"mine.csv"}},
		"another one than the grid's":           {grid(file+"\n path = \"other.csv\"", ""), "mine.csv", []string{"mine.csv"}},
		"both":                                  {grid("", `source = ["surrogate", "file"]`), "mine.csv", []string{"surrogate", "mine.csv"}},
		"a recording whose name was not stored": {grid(file, ""), "", []string{"file"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := &fakeQueue{}
			s := q.addSweep(t, sweepID, test.grid)
			s.Recording = test.recording
			for i := range s.rows {
				q.train(t, s, i)
			}
			p := New(Config{Queue: q})
			t.Cleanup(p.Close)
			table := ask(p, "GET", "/sweeps/"+sweepID+"/files/results.csv", "").Body.String()
			for i, want := range test.want {
				if !strings.Contains(table, ","+want+",") {
					t.Errorf("results.csv does not name %s: %s", want, table)
				}
				task := s.rows[i].Task.ID
				for _, address := range []string{"/sweeps/" + sweepID + "/files/models/" + string(task) + ".json", taskAddress(s, i) + "/model.json"} {
					if got := ask(p, "GET", address, "").Body.String(); !strings.Contains(got, `"data":"`+want+`"`) {
						t.Errorf("%s does not name %s: %.300s", address, want, got)
					}
				}
			}
		})
	}
}

// TestFolder checks that files of an output folder are sent as they are, and nothing beside
// them.
func TestFolder(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	q.addSweep(t, sweepID, fourConfigurations)
	out := t.TempDir()
	task := strings.Repeat("ab", 32)
	for name, text := range map[string]string{"results.csv": "task\nx\n", "operator.json": "secret", "figures/3.svg": "<svg/>", "figures/odd name.svg": "odd", "models/" + task + ".json": "{}"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(out, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("operator.json", filepath.Join(out, "summary.csv")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	p := New(Config{Queue: q, Folders: map[string]string{sweepID: out}})
	t.Cleanup(p.Close)
	for name, want := range map[string]string{
		"results.csv": "task\nx\n", "figures/3.svg": "<svg/>", "models/" + task + ".json": "{}",
		"summary.csv": "", "operator.json": "", "figures/odd%20name.svg": "", "figures/../operator.json": "", "figures%2f..%2foperator.json": "", "claims.csv": "",
	} {
		got := ask(p, "GET", "/sweeps/"+sweepID+"/files/"+name, "")
		if want == "" && (got.Code == http.StatusOK || strings.Contains(got.Body.String(), "secret")) || want != "" && got.Body.String() != want {
			t.Errorf("%s: status %d: %.200s", name, got.Code, got.Body)
		}
	}
	body := ask(p, "GET", "/sweeps/"+sweepID, "").Body.String()
	gone := New(Config{Queue: q, Folders: map[string]string{sweepID: filepath.Join(out, "gone")}})
	t.Cleanup(gone.Close)
	if got := ask(gone, "GET", "/sweeps/"+sweepID+"/files/results.csv", ""); got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "was removed or renamed") {
		t.Errorf("without the folder: status %d: %.200s", got.Code, got.Body)
	}
	for name, isThere := range map[string]bool{"files/results.csv": true, "files/figures/3.svg": true, "files/summary.csv": false, "odd name": false} {
		if strings.Contains(body, name) != isThere {
			t.Errorf("the page lists %s: %t, want %t", name, !isThere, isThere)
		}
	}
}

// TestVariables checks a sweep whose grid needs variables, with and without their values.
func TestVariables(t *testing.T) {
	t.Parallel()
	const text = `variable "steps" {
  description = "of a training"
}
sweep "variables" {
  grid {
    preset    = ["population"]
    neurons   = [2]
    timesteps = [1]
  }
  training { steps = var.steps }
}`
	q := &fakeQueue{variables: map[string]string{"steps": "100"}}
	s := q.addSweep(t, sweepID, text)
	q.finish(t, s, 0, 1)
	known, unknown := New(Config{Queue: q, Variables: q.variables}), New(Config{Queue: q})
	t.Cleanup(known.Close)
	t.Cleanup(unknown.Close)
	if body := complete(t, known, "/sweeps/"+sweepID); !strings.Contains(body, "preset=population") || !strings.Contains(body, "figures/S1") {
		t.Error("with the variables, the preset or the figure is missing")
	}
	if body := complete(t, known, taskAddress(s, 0)); !strings.Contains(body, `preset=&#34;population&#34; replicate 0`) {
		t.Errorf("with the variables, the preset is not in the title of a task: %s", body)
	}
	if body := complete(t, unknown, "/sweeps/"+sweepID); !strings.Contains(body, "needs the values of") || strings.Contains(body, "figures/S1") || !strings.Contains(body, "1 of 1 tasks done") {
		t.Errorf("without the variables, it shows %s", body)
	}
	if got := ask(unknown, "GET", "/sweeps/"+sweepID+"/files/results.csv", ""); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "--var") {
		t.Errorf("results.csv without the variables: status %d", got.Code)
	}
}

// TestOtherVariables checks a sweep whose grid has other values of its variables than those known
// here, so that it gives other configurations of the same size.
func TestOtherVariables(t *testing.T) {
	t.Parallel()
	const text = `variable "rate" {
  default = 0.05
}
sweep "variables" {
  grid {
    preset                  = ["population"]
    generator_learning_rate = [var.rate]
    neurons                 = [2]
    timesteps               = [1]
  }
}`
	q := &fakeQueue{variables: map[string]string{"rate": "0.125"}}
	s := q.addSweep(t, sweepID, text)
	q.finish(t, s, 0, 1)
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	body := complete(t, p, "/sweeps/"+sweepID)
	if !strings.Contains(body, "needs the values of") || strings.Contains(body, "0.05") || strings.Contains(body, "preset=") || !strings.Contains(body, "0.125") {
		t.Errorf("with another value of the variable, it shows %s", body)
	}
}

// TestDrawingAfterAReader checks that a figure whose reader has left is not drawn.
func TestDrawingAfterAReader(t *testing.T) {
	drawing <- struct{}{}
	defer func() { <-drawing }()
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := draw(left, nil, io.Discard, "png"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// TestFailuresAreNotRepeated checks that a value that cannot be made of some rows is tried again
// after a pause, and immediately for other rows.
func TestFailuresAreNotRepeated(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // guards the fields below
	now, calls := time.Unix(0, 0), 0
	p := New(Config{Queue: &fakeQueue{}, Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	t.Cleanup(p.Close)
	var d derived[int]
	for _, step := range []struct {
		rows string
		wait time.Duration
		want int // calls in all
	}{{"1", 0, 1}, {"1", time.Second, 1}, {"2", 0, 2}, {"2", retryAfter, 3}} {
		mu.Lock()
		now = now.Add(step.wait)
		mu.Unlock()
		_, _, _ = d.get(p, step.rows, func(context.Context) (int, error) { calls++; return 0, errors.New("fault") })
		p.wait()
		if calls != step.want {
			t.Errorf("after %v, rows %s: %d calls, want %d", step.wait, step.rows, calls, step.want)
		}
	}
}
