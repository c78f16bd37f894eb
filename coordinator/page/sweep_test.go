package page

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spiqsweep/coordinator/queue"
)

const (
	fourConfigurations = `sweep "four" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1]
    k         = [0, 1]
  }
}`
	furtherAxes = `sweep "axes" {
  replicates = 1
  grid {
    preset    = ["paper", "population"]
    neurons   = [2]
    timesteps = [1, 2]
    k         = [0, 1]
    entangler = ["chain", "none"]
  }
  evaluation { baselines = ["independent"] }
}`
	hostile = `<script>alert("x")</script>`
)

// complete gets a page again until all parts of it are made.
func complete(t *testing.T, p *Page, target string) string {
	t.Helper()
	for range 3 {
		got := ask(p, "GET", target, "")
		if got.Code != http.StatusOK {
			t.Fatalf("GET %s: status %d: %s", target, got.Code, got.Body)
		}
		p.wait()
		if body := got.Body.String(); !strings.Contains(body, `data-version=""`) {
			return body
		}
	}
	t.Fatalf("GET %s: it is never made", target)
	return ""
}

// TestSweep checks what the pages show of a sweep, and that texts of users and of other
// machines are escaped.
func TestSweep(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, fourConfigurations)
	s.Name, s.Note = hostile+"name", hostile+"note"
	q.finish(t, s, 0, 1e-5)
	q.finish(t, s, 1, 4e-5)
	q.finish(t, s, 2, 1e-3)
	q.fail(s, 4, hostile+"reason\x1b[31m")
	s.rows[5].Phase = queue.Leased
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	address := "/sweeps/" + sweepID
	for target, wants := range map[string][]string{
		"/": {"name", "note", "3 of 8 tasks done, 1 failed", "Smallest error of P(k): <strong>2e-5</strong> with n=2 t=1 k=0", `data-events="/events?"`},
		address: {
			"name", "note", "3 of 8 tasks done", `<td class="l1"><a href="` + address + `/tasks?q=neurons%3D2&#43;timesteps%3D1&#43;k%3D0"`, "2e-5<span", "2/2",
			`<td class="l9">`, "1/2", "Standard loss (k = 0)", "K-loss (k = 1)", "0/2, 1 failed, 1 at workers", "1e-7", "figures/S1.svg?v=1.", "undecided", "The error of P(k)",
			"files/results.csv", "<option selected>mse_k_probability",
		},
		address + "?error=mse_firing_rate_hz2":           {"<option selected>mse_firing_rate_hz2", "0.0002<span", "0.0001"},
		address + "?error=nonsense&k=7":                  {"<option selected>mse_k_probability", "K-loss (k = 1)"},
		address + "/tasks":                               {"Tasks 1 to 8 of 8", "n=4 t=1 k=1 replicate 1", `reason\x1b[31m`},
		address + "/tasks?state=failed":                  {"Tasks 1 to 1 of 1", "reason"},
		address + "/tasks?q=" + url.QueryEscape(hostile): {"Tasks 1 to 1 of 1", "value=\"&lt;script&gt;alert("},
	} {
		body := complete(t, p, target)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("GET %s: it does not show %q", target, want)
			}
		}
		for _, bad := range []string{"<script>", "style=", "onclick", "http://", "https://", "\x1b"} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s: it has %q", target, bad)
			}
		}
	}
}

// TestMissing checks the answers for what does not exist.
func TestMissing(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, fourConfigurations)
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	address := "/sweeps/" + sweepID
	for target, want := range map[string]string{
		"/sweeps/none":                                                    "404 no sweep here has the ID",
		"/sweeps/none/tasks":                                              "404 no sweep here has the ID",
		"/sweeps/none/files/results.csv":                                  "404 no sweep here has the ID",
		"/events?sweep=none":                                              "404 no sweep here has the ID",
		address + "/tasks?page=0":                                         "400 must be a number from 1 on",
		address + "/tasks?page=x":                                         "400 must be a number from 1 on",
		address + "/tasks?page=99":                                        "200 Page 1 of 1",
		address + "/tasks?page=9223372036854775807":                       "200 Page 1 of 1",
		address + "/tasks?page=9223372036854775808":                       "400 must be a number from 1 on",
		address + "/tasks?q=" + strings.Repeat("a+", 300):                 "400 must have at most 500",
		address + "/tasks?error=%3Cscript%3E&state=&sort=&down=x&odd=%00": "200 Page 1 of 1",
		address + "/tasks?state=odd":                                      "400 must be pending, at a worker, done",
		address + "/tasks?sort=odd":                                       "400 must be row, state, error",
		address + "/tasks?q=neurns=8":                                     "400 did you mean",
		address + "/tasks?q=n=many":                                       "400 neurons = ",
		address + "/files/sweep.db":                                       "404 there is no file",
		address + "/files/operator.json":                                  "404 there is no file",
		address + "/files/..%2f..%2fetc%2fpasswd":                         "404 there is no file",
		address + "/files/figures/..%2fworker.json":                       "404 there is no file",
		address + "/files/completeness.json":                              "404 output folder",
		address + "/files/figures/3.svg":                                  "404 output folder",
		address + "/files/models/" + string(s.rows[0].Task.ID) + ".json":  "404 has no result",
		address + "/figures/S1.exe":                                       "404 svg, pdf, png, csv",
		address + "/figures/S1.svg":                                       "503 being drawn",
	} {
		got := ask(p, "GET", target, "")
		if text := fmt.Sprintf("%d %s", got.Code, got.Body); text[:4] != want[:4] || !strings.Contains(text, want[4:]) {
			t.Errorf("GET %s: %.600s; want %s", target, text, want)
		}
	}
	q.mu.Lock()
	q.err = queue.ErrUnavailable
	q.mu.Unlock()
	if got := ask(New(Config{Queue: q}), "GET", "/", ""); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
		t.Errorf("without a store: status %d", got.Code)
	}
}

// TestHeatMaps checks the maps of a sweep with further axes, one of which no task ID has, and
// with a baseline.
func TestHeatMaps(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, furtherAxes)
	for i := range s.rows {
		q.finish(t, s, i, math.Pow(10, -float64(i%7)))
	}
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	rows, _, err := p.snapshot(t.Context(), sweepID)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                 "Standard loss (k = 0) 2; K-loss (k = 1) 2",
		"preset=population&entangler=none": "Standard loss (k = 0) 2; K-loss (k = 1) 2",
		"model=independent":                "Model independent 2",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		c := rows.choose(values)
		var got []string
		for _, m := range rows.heatMaps(c) {
			got = append(got, fmt.Sprint(m.Title, " ", m.Tasks))
			for _, row := range m.Rows {
				for _, cell := range row.Cells {
					link, err := url.Parse(cell.Link)
					if err != nil {
						t.Fatal(err)
					}
					found, err := rows.selectTasks(taskQuery{Text: link.Query().Get("q")})
					if err != nil || len(found) != cell.Tasks {
						t.Errorf("%s: the link %s leads to %d of %d tasks (%v)", query, cell.Link, len(found), cell.Tasks, err)
					}
					if (cell.Level < 1 || cell.Level > heatLevels) != math.IsNaN(cell.Mean) {
						t.Errorf("%s: mean %g has the level %d", query, cell.Mean, cell.Level)
					}
				}
			}
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s: the maps are %s, want %s", query, text, want)
		}
	}
	if names := rows.choose(nil).all(); len(names) != 4 { // error, model, preset, entangler
		t.Errorf("choices are %v", names)
	}
}

// TestSharedTasks checks the maps of presets that make no difference to the standard loss: its
// tasks are stored once, and shown for each preset, as results.csv has them.
func TestSharedTasks(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, `sweep "shared" {
  replicates = 2
  grid {
    preset    = ["paper", "population"]
    neurons   = [2]
    timesteps = [1, 2]
    k         = [0, 1]
  }
  training {
    constraint = "one_sided"
    schedule   = "cosine"
  }
}`)
	if len(s.rows) != 12 {
		t.Fatalf("%d tasks, want 12: those of the standard loss once", len(s.rows))
	}
	for i := range s.rows {
		q.finish(t, s, i, float64(i+1))
	}
	now := time.Now()
	p := New(Config{Queue: q, Now: func() time.Time { return now }})
	t.Cleanup(p.Close)
	rows, _, err := p.snapshot(t.Context(), sweepID)
	if err != nil {
		t.Fatal(err)
	}
	standard := map[string]string{}
	for _, preset := range []string{"paper", "population"} {
		maps := rows.heatMaps(rows.choose(url.Values{"preset": {preset}}))
		if len(maps) != 2 || maps[0].Tasks != 4 || maps[1].Tasks != 4 {
			t.Fatalf("%s: the maps are %+v, want two with 4 tasks each", preset, maps)
		}
		for _, cell := range maps[0].Rows[0].Cells {
			standard[preset] += fmt.Sprint(cell.Mean, cell.Floor, cell.Done, " ")
			link, err := url.Parse(cell.Link)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := rows.selectTasks(taskQuery{Text: link.Query().Get("q")}); err != nil || len(found) != 2 {
				t.Errorf("%s: the link %s leads to %d tasks (%v)", preset, cell.Link, len(found), err)
			}
		}
	}
	if standard["paper"] != standard["population"] {
		t.Errorf("the standard loss is %s and %s", standard["paper"], standard["population"])
	}
	if body := ask(p, "GET", "/sweeps/"+sweepID+"/tasks", "").Body.String(); !strings.Contains(body, "Tasks 1 to 16 of 16") {
		t.Errorf("the tasks are not those of results.csv: %s", body)
	}
	q.finish(t, s, 0, 100)
	now = now.Add(2 * statusAge)
	rows, _, err = p.snapshot(t.Context(), sweepID)
	if err != nil || len(rows.rows) != 16 {
		t.Errorf("after a change, %d rows, %v; want 16", len(rows.rows), err)
	}
}

// TestTasks checks filters, orders and pages.
func TestTasks(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, strings.Replace(fourConfigurations, "replicates = 2", "replicates = 60", 1))
	q.finish(t, s, 70, 3)
	q.finish(t, s, 5, 1)
	q.finish(t, s, 9, 2)
	q.fail(s, 100, "worker lost on node17")
	p := New(Config{Queue: q})
	t.Cleanup(p.Close)
	rows, _, err := p.snapshot(t.Context(), sweepID)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                    "240: 0 1 2",
		"down=1":                              "240: 239 238 237",
		"sort=error":                          "240: 5 9 70 0 1",
		"sort=error&down=1":                   "240: 70 9 5 0 1",
		"sort=state&down=1":                   "240: 100 5 9 70 0",
		"state=done":                          "3: 5 9 70",
		"q=n%3D4":                             "120: 120 121",
		"q=neurons%3D4,k%3D1":                 "60: 180 181",
		"q=k%3D1+n%3D4":                       "60: 180 181",
		"q=k%3D0+NODE17":                      "0:",
		"q=node17+lost":                       "1: 100",
		"q=replicate":                         "240: 0",
		"q=model%3Dpsth":                      "0:",
		"q=k%3D1+done":                        "1: 70",
		"q=" + string(s.rows[7].Task.ID)[:20]: "1: 7",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		read, err := readTaskQuery(values, rows.columns)
		if err != nil {
			t.Fatal(err)
		}
		found, err := rows.selectTasks(read)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d: %s", len(found), strings.Trim(fmt.Sprint(found), "[]")); !strings.HasPrefix(got+" ", want+" ") {
			t.Errorf("%q selects %.60s, want %s", query, got, want)
		}
	}
	second := ask(p, "GET", "/sweeps/"+sweepID+"/tasks?down=1&page=2", "").Body.String()
	for _, want := range []string{"Tasks 101 to 200 of 240", "Page 2 of 3", `rel="prev" href="?down=1&amp;error=mse_k_probability"`, "page=3"} {
		if !strings.Contains(second, want) {
			t.Errorf("the second page does not show %q", want)
		}
	}
}

// TestSharedReads checks that many readers share what is read of the queue, and that results
// are not decoded again.
func TestSharedReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		s := q.addSweep(t, sweepID, fourConfigurations)
		q.finish(t, s, 0, 1)
		p := New(Config{Queue: q})
		defer p.Close()
		for range 50 {
			ask(p, "GET", "/sweeps/"+sweepID+"/tasks", "")
		}
		if q.called("Status") != 1 || q.called("Rows") != 1 {
			t.Errorf("50 requests made %v calls", q.calls)
		}
		before, _, err := p.snapshot(t.Context(), sweepID)
		if err != nil {
			t.Fatal(err)
		}
		q.finish(t, s, 1, 2)
		time.Sleep(2 * statusAge)
		after, _, err := p.snapshot(t.Context(), sweepID)
		if err != nil {
			t.Fatal(err)
		}
		if q.called("Rows") != 2 || before.rows[1].state == done || after.rows[1].state != done {
			t.Errorf("a change made %v calls; row 1 was %v and is %v", q.calls, before.rows[1].state, after.rows[1].state)
		}
		if &before.rows[0].errors[0] != &after.rows[0].errors[0] {
			t.Error("an unchanged result was decoded again")
		}
	})
}

// BenchmarkHundredThousand measures a page of a sweep with 100,000 tasks: the time and the
// bytes of the list, sorted by the error, of a filtered list, and of the heat maps, and the
// time to read the rows of a new version.
func BenchmarkHundredThousand(b *testing.B) {
	q := &fakeQueue{}
	s := q.addSweep(b, sweepID, `sweep "large" {
  replicates = 1000
  grid {
    neurons   = [2, 3, 4, 5, 6]
    timesteps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    k         = [0, 1]
  }
}`)
	for i := range s.rows {
		if i%10 != 0 {
			q.finish(b, s, i, 1/float64(i+1))
		}
	}
	p := New(Config{Queue: q})
	defer p.Close()
	for name, target := range map[string]string{
		"tasks": "/tasks?sort=error&page=500", "filtered": "/tasks?q=n%3D4+replicate+99", "heat": "",
	} {
		b.Run(name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				got := ask(p, "GET", "/sweeps/"+sweepID+target, "")
				if size = got.Body.Len(); got.Code != http.StatusOK || size > maxPageBytes {
					b.Fatalf("status %d, %d bytes", got.Code, size)
				}
			}
			b.ReportMetric(float64(size), "bytes/page")
		})
	}
	b.Run("rows", func(b *testing.B) {
		status, err := q.Status(b.Context(), sweepID)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := p.read(b.Context(), status, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// maxPageBytes bounds the size of a page of a large sweep.
const maxPageBytes = 256 << 10
