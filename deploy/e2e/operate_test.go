//go:build unix

package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // as the store opens it

	"spiqsweep/coordinator/app"
)

// command runs a command on the folder of a sweep, and returns what it said.
func (r *run) command(code int, name string, arguments ...string) string {
	r.Helper()
	p := start(r.T, "", "coordinator", append([]string{name, "--out", r.folder}, arguments...)...)
	p.expect(code)
	return p.output.String()
}

// said checks a part of what a command said.
func (r *run) said(said, want string) {
	r.Helper()
	if !strings.Contains(said, want) {
		r.Errorf("said %q, want %q", said, want)
	}
}

// quick is done in a moment.
var quick = &sweepOf{
	grid: `
sweep "quick" {
  grid {
    neurons = [2, 3]
    k       = [0, 1]
  }
  training {
    steps = 200
  }
}
`,
	rows: 4,
}

// long has two tasks that take some seconds each, many calls of their worker.
var long = &sweepOf{
	grid: `
sweep "long" {
  grid {
    neurons   = [5]
    timesteps = [6]
    k         = [0, 1]
  }
  training {
    steps = 30000
  }
}
`,
	rows: 2,
}

// A finished sweep is confirmed; a number that was altered by hand is found, and
// mended by two of three.
func TestVerify(t *testing.T) {
	r := newRun(t, quick)
	r.coordinator("", "--local", "2").expect(0)
	r.said(r.command(0, "verify", "--share", "1"), "4 of 4 tasks verified, 0 findings\n")

	was, is := r.alter(`"errors":\{[^}]*"k_probability":([0-9.e-]+)`, "0.5")
	said := r.command(3, "verify", "--share", "1")
	r.said(said, "3 of 4 tasks verified, 1 finding\n")
	r.said(said, "was altered since it was accepted: errors.k_probability is "+is+", and "+was+" by attempt 3 on ")
	said = r.command(3, "verify") // of the others
	r.said(said, "1 of 1 task verified, 0 findings\n")
	r.said(said, "1 task diverged before")
	r.said(r.command(0, "status"), "3 of 4 tasks done, 0 running, 0 pending, 0 failed, 1 diverged\n")

	r.said(r.command(0, "retry", "--diverged"), "1 task reopened\n")
	r.coordinator("", "--local", "1").expect(0)
	r.said(r.command(0, "verify", "--share", "1", "--json"), `"verified": 4`)
	want := quick.results(t)
	if got := r.file("results.csv"); string(got) != string(want) {
		t.Errorf("results.csv differs from the undisturbed run's:\n%s", got)
	}
}

// alter replaces a number of one stored result, and nothing that would tell.
func (r *run) alter(pattern, number string) (was, is string) {
	r.Helper()
	db, err := sql.Open("sqlite", filepath.Join(r.folder, "sweep.db"))
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	var task string
	var body []byte
	if err := db.QueryRow(`SELECT task, body FROM results ORDER BY task LIMIT 1`).Scan(&task, &body); err != nil {
		r.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatchIndex(body)
	if found == nil {
		r.Fatalf("no %s in %s", pattern, body)
	}
	altered := string(body[:found[2]]) + number + string(body[found[3]:])
	if _, err := db.Exec(`UPDATE results SET body = ? WHERE task = ?`, []byte(altered), task); err != nil {
		r.Fatal(err)
	}
	return string(body[found[2]:found[3]]), number
}

// makesSteps waits until a running task has made some, and returns it.
func (r *run) makesSteps(c *process) (task string) {
	r.Helper()
	r.until(c, "a task makes steps", func(s app.Status) bool {
		for _, w := range s.Workers {
			for _, running := range w.Running {
				if running.Step > 0 {
					task = running.Task
				}
			}
		}
		return task != ""
	})
	return task
}

// A running task is cancelled: its worker stops within a call, which it makes
// every quarter of a lease's term, and works on something else. It is finished
// after a retry, as if nothing had happened.
func TestCancel(t *testing.T) {
	r := newRun(t, long)
	c := r.coordinator("", "--local", "1")
	task := r.makesSteps(c)
	began := time.Now()
	r.said(r.command(0, "cancel", task[:16]), "1 task cancelled\n")
	c.until("the worker stops", func() bool { return strings.Contains(c.output.String(), "lease is withdrawn") })
	t.Logf("cancelled and stopped within %v, the command included", time.Since(began).Round(time.Millisecond))
	other := r.makesSteps(c)
	if other == task {
		t.Errorf("task %s runs again", task)
	}
	r.said(r.command(0, "cancel", "--config", "n=5,t=6"), "1 task cancelled\n")
	c.expect(3)
	r.had("cancelled")
	r.said(r.command(0, "status"), "0 of 2 tasks done, 0 running, 0 pending, 2 failed, 0 diverged\n")
	r.said(r.command(0, "retry", "--config", "k=0"), "1 task reopened\n")
	r.said(r.command(0, "retry"), "1 task reopened\n")
	r.coordinator("", "--local", "2").expect(0)
	r.isWhole()
}

// A worker that an operator sends away hands back and leaves; another goes on
// from its checkpoint.
func TestDrainAWorker(t *testing.T) {
	r := newRun(t, long)
	c := r.listening("")
	first := r.worker("")
	r.makesSteps(c)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	r.said(r.command(0, "drain", "--host", host), "1 worker asked to leave\n")
	first.expect(75)
	r.until(c, "nothing runs", func(s app.Status) bool { return s.Tasks.Running == 0 })
	last := r.worker("")
	c.expect(0)
	last.expect(0)
	r.had("handed_back")
	r.resumed()
	r.isWhole()
}

// Local workers that are drained are not started again: the sweep waits for
// others, and says so.
func TestDrainLocalWorkers(t *testing.T) {
	r := newRun(t, long)
	c := r.coordinator("", "--local", "1")
	r.makesSteps(c)
	r.said(r.command(0, "drain", "--all"), "1 worker asked to leave\n")
	c.until("it says that nobody works", func() bool {
		return strings.Contains(c.output.String(), "no worker is left: waiting for one")
	})
	if children := c.children(); len(children) != 0 {
		t.Errorf("children: %v", children)
	}
	w := r.worker("")
	c.expect(0)
	w.expect(0)
	r.isWhole()
}

// Verification is interrupted, and the next one goes on with the same tasks, though
// its own share is one of them.
func TestVerifyIsInterrupted(t *testing.T) {
	r := newRun(t, long)
	r.coordinator("", "--local", "2").expect(0)
	p := start(t, "", "coordinator", "verify", "--out", r.folder, "--share", "1", "--local", "1", "--log-level", "debug")
	p.isAtWork(1)
	p.signal(syscall.SIGTERM)
	p.expect(130)
	r.said(p.output.String(), "2 tasks stay chosen, and the next coordinator or `coordinator verify --out "+r.folder+"` goes on with them")
	r.said(r.command(0, "status"), "being verified\n")
	r.alter(`"errors":\{[^}]*"k_probability":([0-9.e-]+)`, "0.5")
	said := r.command(3, "verify", "--share", "0.1")
	r.said(said, "1 of 2 tasks verified, 1 finding\n")
	r.said(said, "1 task diverged now: `coordinator retry --diverged --out "+r.folder+"` runs it once more")
}
