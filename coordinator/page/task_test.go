package page

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (q *fakeQueue) Recording(_ context.Context, digest string) ([]byte, error) {
	return nil, fmt.Errorf("recording %s: %w", digest, queue.ErrUnknown)
}

// lookedAt is the time of the fake queue when it is asked for a task or for workers.
var lookedAt = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func (q *fakeQueue) Look(_ context.Context, id string, task sweep.TaskID) (queue.Look, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, err := q.find(id)
	if err != nil {
		return queue.Look{}, err
	}
	for _, r := range s.rows {
		if r.Task.ID != task {
			continue
		}
		l := queue.Look{AsOf: lookedAt, Sweep: s.Sweep, Specification: queue.Specification{Task: r.Task}}
		l.Record = queue.Record{Task: task, Phase: r.Phase, Accepted: r.Digest, Reason: r.Reason}
		for _, h := range s.attempts {
			if h.Task == task {
				l.Attempts = append(l.Attempts, h.Attempt)
			}
		}
		return l, nil
	}
	return queue.Look{}, fmt.Errorf("task %q: %w", task, queue.ErrUnknown)
}

func (q *fakeQueue) Workers(context.Context) (queue.Present, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := queue.Present{AsOf: lookedAt, Sweeps: map[sweep.TaskID]string{}}
	for _, s := range q.sweeps {
		p.Workers = append(p.Workers, s.workers...)
		for _, w := range s.workers {
			p.Workforce.Processes++
			p.Workforce.Slots += w.Slots
			for _, r := range w.Running {
				p.Sweeps[r.Task] = s.ID
			}
		}
	}
	return p, q.err
}

// train gives a row the result of an artificial training, and an accepted attempt.
func (q *fakeQueue) train(t testing.TB, s *fakeSweep, row int) {
	t.Helper()
	c := s.rows[row].Task.Configuration
	vectors := func(factor float64) map[string][]float64 {
		all := map[string][]float64{}
		for _, name := range sweep.StatisticNames {
			for i := range sweep.StatisticLength(name, c.Neurons, c.Timesteps) {
				all[name] = append(all[name], factor*math.Pow(0.5, float64(i+1)))
			}
		}
		return all
	}
	result := sweep.Result{
		Model: vectors(0.9), Data: vectors(1),
		Errors:         map[string]float64{"k_probability": 2e-6, "firing_rate_hz2": 0.25},
		Floors:         map[string]float64{"k_probability": 1e-6, "firing_rate_hz2": 0.5},
		ErrorIntervals: map[string][2]float64{"k_probability": {1e-7, 4e-6}},
	}
	for range c.Timesteps {
		patch := make([][][2]float64, c.Circuit.Layers)
		for layer := range patch {
			patch[layer] = make([][2]float64, c.Neurons)
		}
		result.Angles = append(result.Angles, patch)
	}
	for i := range sweep.SampleWindows {
		window := make([]uint32, c.Timesteps)
		window[0] = uint32(i) & 1
		result.Samples = append(result.Samples, window)
	}
	for step := 1; step <= 50; step++ {
		critic, generator := 1/float64(step), -0.5/float64(step)
		result.Training = append(result.Training, sweep.TrainingPoint{
			Step: step, CriticLoss: &critic, GeneratorLoss: &generator, GradientNorm: critic, GradientNormVariance: critic * critic,
		})
		result.History = append(result.History, sweep.HistoryPoint{Step: step, JSBits: 0.1 * critic})
	}
	body, err := result.Encode()
	if err != nil {
		t.Fatal(err)
	}
	measures, err := result.Measures().Encode()
	if err != nil {
		t.Fatal(err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	r := &s.rows[row]
	r.Phase, r.State, r.Digest, r.Measures = queue.Done, sweep.Done, sweep.ResultDigest(body), measures
	s.results[r.Task.ID] = body
	s.changes++
	q.attempt(s, row, queue.Accepted, func(a *queue.Attempt) { a.Digest, a.Compute = r.Digest, 90*time.Second })
}

// attempt adds an attempt that began ten minutes ago, and ended after two if it has an
// outcome.
func (q *fakeQueue) attempt(s *fakeSweep, row int, outcome queue.Outcome, edit func(*queue.Attempt)) queue.Attempt {
	a := queue.Attempt{
		Lease:   queue.Lease{Task: s.rows[row].Task.ID, Attempt: uint64(len(s.attempts) + 1)},
		Process: "WORKERWITHALONGIDENTITY", Host: "node-1", Kernel: "avx2", GrantedAt: lookedAt.Add(-10 * time.Minute), Outcome: outcome,
	}
	if outcome != queue.Live {
		a.EndedAt = a.GrantedAt.Add(2 * time.Minute)
	}
	edit(&a)
	s.attempts = append(s.attempts, queue.History{Row: row, Attempt: a})
	return a
}

const taskGrid = `
sweep "tasks" {
  replicates = 3
  training { steps = 1000 }
  grid {
    neurons   = [2]
    timesteps = [1]
    k         = [1]
  }
}`

// taskFixture returns a page of a sweep with a finished, a failed and a running task.
func taskFixture(t *testing.T) (*Page, *fakeQueue, *fakeSweep) {
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, taskGrid)
	q.train(t, s, 0)
	q.fail(s, 1, "diverged at step 12 <img src=x onerror=alert(1)>")
	q.attempt(s, 1, queue.AttemptFailed, func(a *queue.Attempt) { a.Reason, a.Log = "out of range", "first line\nsecond \x1b[31mline" })
	s.rows[2].Phase = queue.Leased
	live := q.attempt(s, 2, queue.Live, func(a *queue.Attempt) { a.From, a.Step, a.Host = 100, 700, "<b>host</b>" })
	s.workers = []queue.Worker{{
		Presence: queue.Presence{Process: queue.Process{ID: live.Process, Host: live.Host, Kernel: "avx2", Slots: 2}, LastSeen: lookedAt.Add(-3 * time.Second)},
		Running:  []queue.Running{{Attempt: live, Steps: 1000}},
	}}
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	return p, q, s
}

func taskAddress(s *fakeSweep, row int) string {
	return "/sweeps/" + s.ID + "/tasks/" + string(s.rows[row].Task.ID)
}

// TestTaskPages checks what the page of a task says in each of its states.
func TestTaskPages(t *testing.T) {
	p, _, s := taskFixture(t)
	for row, want := range []struct{ has, lacks []string }{
		{
			[]string{
				`State: <strong class="done">done</strong>`, "mse_k_probability", "1e-7 to 4e-6", `<td class="n" data-label="Floor">0.5</td>`,
				"/losses.svg?result=", "/spikes.csv", "A window of one time step has no lags.", "accepted", "2 min", "node-1", "WORKERWITHAL",
				"coordinator repro " + string(s.rows[0].Task.ID) + " --out FOLDER", "Replicate 1 (next)", "<strong>1000</strong>",
			},
			[]string{"(previous)", "WORKERWITHALO", "has no result yet"},
		},
		{
			[]string{
				`class="failed">failed`, "diverged at step 12 &lt;img src=x onerror=alert(1)&gt;", "out of range", "Log of attempt",
				"first line\nsecond \\x1b[31mline", "has no result yet", "Replicate 0 (previous)", "Replicate 2 (next)",
			},
			[]string{"<img src=x", "losses.svg"},
		},
		{
			[]string{"at a worker", "step 700 of 1000", "&lt;b&gt;host&lt;/b&gt;", "1 steps/s", "about 5 min left", "has no result yet", "100 to 700"},
			[]string{"<b>host", "(next)"},
		},
	} {
		answer := ask(p, http.MethodGet, taskAddress(s, row), "")
		body := answer.Body.String()
		if answer.Code != http.StatusOK {
			t.Fatalf("task %d: %d %s", row, answer.Code, body)
		}
		for _, part := range want.has {
			if !strings.Contains(body, part) {
				t.Errorf("task %d lacks %q", row, part)
			}
		}
		for _, part := range want.lacks {
			if strings.Contains(body, part) {
				t.Errorf("task %d has %q", row, part)
			}
		}
	}
}

// TestTaskFiles fetches the files of tasks.
func TestTaskFiles(t *testing.T) {
	p, q, s := taskFixture(t)
	for _, test := range []struct {
		row        int
		file, kind string
		status     int
		begins     string
	}{
		{0, "losses.svg", "image/svg+xml", 200, "<?xml"},
		{0, "losses.csv", "text/csv; charset=utf-8", 200, "series,step,value\n"},
		{0, "model.json", "application/json", 200, `{"format":`},
		{0, "training.csv", "text/csv; charset=utf-8", 200, "step,js_bits"},
		{0, "autocorrelogram.svg", "text/html; charset=utf-8", 404, "<!doctype"},
		{0, "../model.json", "", 307, ""},
		{1, "model.json", "text/html; charset=utf-8", 404, "<!doctype"},
	} {
		answer := ask(p, http.MethodGet, taskAddress(s, test.row)+"/"+test.file, "")
		if answer.Code != test.status || !strings.HasPrefix(answer.Body.String(), test.begins) || test.kind != "" && answer.Header().Get("Content-Type") != test.kind {
			t.Errorf("%s of task %d: %d %s %.60q", test.file, test.row, answer.Code, answer.Header(), answer.Body)
		}
		want := contentSecurityPolicy
		if test.kind == "image/svg+xml" {
			want = figurePolicy // without which its styles are refused
		}
		if got := answer.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: Content-Security-Policy is %q, want %q", test.file, got, want)
		}
	}
	drawn := ask(p, http.MethodGet, taskAddress(s, 0)+"/losses.svg", "", "If-None-Match", `"`+s.rows[0].Digest+`"`)
	if drawn.Code != http.StatusOK {
		t.Errorf("a file of the same result, perhaps drawn otherwise: %d", drawn.Code)
	}
	again := ask(p, http.MethodGet, taskAddress(s, 0)+"/losses.svg", "", "If-None-Match", drawn.Header().Get("ETag"))
	if again.Code != http.StatusNotModified {
		t.Errorf("an unchanged file: %d", again.Code)
	}
	model := ask(p, http.MethodGet, taskAddress(s, 0)+"/model.json", "").Body.String()
	same := ask(p, http.MethodGet, "/sweeps/"+s.ID+"/files/models/"+string(s.rows[0].Task.ID)+".json", "").Body.String()
	if !strings.Contains(model, `"neuron_ids":[]`) && !strings.Contains(model, `"neuron_ids": []`) || model != same {
		t.Errorf("the model is %.300s as a file of the task and %.300s as one of the sweep", model, same)
	}
	if n := q.called("Result"); n != 2 {
		t.Errorf("the result was read %d times, want once for the task and once for the model of the sweep", n)
	}
}

// TestAlteredResultIsNotDrawn shows a result that is not the one that was accepted.
func TestAlteredResultIsNotDrawn(t *testing.T) {
	p, _, s := taskFixture(t)
	id := s.rows[0].Task.ID
	s.results[id] = []byte(strings.Replace(string(s.results[id]), "0.25", "0.75", 1))
	body := ask(p, http.MethodGet, taskAddress(s, 0), "").Body.String()
	if !strings.Contains(body, "was altered since it was accepted") || strings.Contains(body, "losses.svg") {
		t.Errorf("the page of an altered result has panels or no warning: %s", body)
	}
	for _, address := range []string{taskAddress(s, 0) + "/model.json", "/sweeps/" + s.ID + "/files/models/" + string(id) + ".json", "/sweeps/" + s.ID + "/files/models/" + string(id) + ".csv"} {
		if got := ask(p, http.MethodGet, address, ""); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "was altered since it was accepted") {
			t.Errorf("%s of an altered result: %d %.200s", address, got.Code, got.Body)
		}
	}
}

// TestUnknownTasks asks for tasks that there are not.
func TestUnknownTasks(t *testing.T) {
	p, _, s := taskFixture(t)
	for address, words := range map[string]string{
		"/sweeps/" + s.ID + "/tasks/none":                 "no task here has the ID",
		"/sweeps/none/tasks/" + string(s.rows[0].Task.ID): "no sweep here has the ID",
		"/sweeps/" + s.ID + "/tasks/none/losses.svg":      "no task here has the ID",
	} {
		answer := ask(p, http.MethodGet, address, "")
		if answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), words) {
			t.Errorf("%s: %d %s", address, answer.Code, answer.Body)
		}
	}
}

// TestQuoted checks that a shell reads the name of a folder as one word.
func TestQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"runs/figure-s1": "runs/figure-s1", "my runs": "'my runs'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'",
	} {
		if got := quoted(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
