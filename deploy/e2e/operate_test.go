//go:build unix

package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of the store

	"spiqsweep/coordinator/app"
	"spiqsweep/proto/protocol"
)

// command runs a command on the output folder, checks its exit code, and returns
// its output.
func (r *run) command(code int, name string, arguments ...string) string {
	r.Helper()
	p := start(r.T, "", "coordinator", append([]string{name, "--out", r.folder}, arguments...)...)
	p.expect(code)
	return p.output.String()
}

// wantOutput checks that the output of a command contains a text.
func (r *run) wantOutput(output, want string) {
	r.Helper()
	if !strings.Contains(output, want) {
		r.Errorf("the output is %q, want %q in it", output, want)
	}
}

// quick is a sweep that takes less than a second.
var quick = &sweepSpec{
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

// long is a sweep of two tasks that take some seconds each on this machine, enough for many Syncs.
// TestMain sets it.
var long *sweepSpec

// twoTasks is a sweep of two tasks of so many steps.
func twoTasks(steps int) *sweepSpec {
	return &sweepSpec{grid: fmt.Sprintf(`
sweep "long" {
  grid {
    neurons   = [5]
    timesteps = [6]
    k         = [0, 1]
  }
  training {
    steps = %d
  }
}
`, steps), rows: 2}
}

// TestVerify verifies a finished sweep, then alters a stored number. Verification
// must find it, and a retry must repair it by two results of three.
func TestVerify(t *testing.T) {
	t.Parallel()
	r := newRun(t, quick)
	r.coordinator("", "--local", "2").expect(0)
	r.wantOutput(r.command(0, "verify", "--share", "1"), "4 of 4 tasks verified, 0 findings\n")

	was, is := r.alter(`"errors":\{[^}]*"k_probability":([0-9.e-]+)`, "0.5")
	said := r.command(3, "verify", "--share", "1")
	r.wantOutput(said, "3 of 4 tasks verified, 1 finding\n")
	r.wantOutput(said, "was altered since it was accepted: errors.k_probability is "+is+", and "+was+" by attempt 3 on ")
	said = r.command(3, "verify") // of the others
	r.wantOutput(said, "1 of 1 task verified, 0 findings\n")
	r.wantOutput(said, "1 task diverged before")
	r.wantOutput(r.command(0, "status"), "3 of 4 tasks done, 0 running, 0 pending, 0 failed, 1 diverged\n")

	r.wantOutput(r.command(0, "retry", "--diverged"), "1 task reopened\n")
	r.coordinator("", "--local", "1").expect(0)
	r.wantOutput(r.command(0, "verify", "--share", "1", "--json"), `"verified": 4`)
	want := quick.results(t)
	if got := r.file("results.csv"); string(got) != string(want) {
		t.Errorf("results.csv differs from the undisturbed run's:\n%s", got)
	}
}

// alter replaces a number in one stored result, and leaves its digest as it was.
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
	if body, err = protocol.Unpack(body, protocol.MaxUnpackedBytes); err != nil {
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

// waitForSteps waits until a running task has made a step, and returns its ID.
func (r *run) waitForSteps(c *process) (task string) {
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

// TestCancel cancels a running task. Its worker must stop with its next Sync and
// work on another task, and a retry must finish the cancelled one.
func TestCancel(t *testing.T) {
	t.Parallel()
	r := newRun(t, long)
	c := r.coordinator("", "--local", "1")
	task := r.waitForSteps(c)
	began := time.Now()
	r.wantOutput(r.command(0, "cancel", task[:16]), "1 task cancelled\n")
	c.until("the worker stops", func() bool { return strings.Contains(c.output.String(), "lease is withdrawn") })
	t.Logf("cancelled and stopped within %v, the command included", time.Since(began).Round(time.Millisecond))
	other := r.waitForSteps(c)
	if other == task {
		t.Errorf("task %s runs again", task)
	}
	r.wantOutput(r.command(0, "cancel", "--config", "n=5,t=6"), "1 task cancelled\n")
	c.expect(3)
	r.wantOutcome("cancelled")
	r.wantOutput(r.command(0, "status"), "0 of 2 tasks done, 0 running, 0 pending, 2 failed, 0 diverged\n")
	r.wantOutput(r.command(0, "retry", "--config", "k=0"), "1 task reopened\n")
	r.wantOutput(r.command(0, "retry"), "1 task reopened\n")
	r.coordinator("", "--local", "2").expect(0)
	r.checkComplete()
}

// TestDrainAWorker drains a worker. It must hand back its task and leave, and
// another worker must resume from the checkpoint.
func TestDrainAWorker(t *testing.T) {
	t.Parallel()
	r := newRun(t, long)
	c := r.listening("")
	first := r.worker("")
	r.waitForSteps(c)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	r.wantOutput(r.command(0, "drain", "--host", host), "1 worker asked to leave\n")
	first.expect(75)
	r.until(c, "nothing runs", func(s app.Status) bool { return s.Tasks.Running == 0 })
	last := r.worker("")
	c.expect(0)
	last.expect(0)
	r.wantOutcome("handed_back")
	r.wantResumed()
	r.checkComplete()
}

// TestDrainLocalWorkers drains the local workers. The coordinator must not start
// them again, and must report that it waits for others.
func TestDrainLocalWorkers(t *testing.T) {
	t.Parallel()
	r := newRun(t, long)
	c := r.coordinator("", "--local", "1")
	r.waitForSteps(c)
	r.wantOutput(r.command(0, "drain", "--all"), "1 worker asked to leave\n")
	c.until("it reports that no worker is left", func() bool {
		return strings.Contains(c.output.String(), "no worker is left: waiting for one")
	})
	c.until("the local worker has ended", func() bool { return len(c.children()) == 0 })
	w := r.worker("")
	c.expect(0)
	w.expect(0)
	r.checkComplete()
}

// TestVerifyIsInterrupted interrupts a verification of two tasks. The next one must
// verify both, though its own share is only one of them.
func TestVerifyIsInterrupted(t *testing.T) {
	t.Parallel()
	r := newRun(t, long)
	r.coordinator("", "--local", "2").expect(0)
	p := start(t, "", "coordinator", "verify", "--out", r.folder, "--share", "1", "--local", "1", "--log-level", "debug")
	p.waitForWork(1)
	p.signal(syscall.SIGTERM)
	p.expect(130)
	r.wantOutput(p.output.String(), "2 tasks stay selected, and the next coordinator or `coordinator verify --out "+r.folder+"` resumes the verification")
	r.wantOutput(r.command(0, "status"), "being verified\n")
	r.alter(`"errors":\{[^}]*"k_probability":([0-9.e-]+)`, "0.5")
	said := r.command(3, "verify", "--share", "0.1")
	r.wantOutput(said, "1 of 2 tasks verified, 1 finding\n")
	r.wantOutput(said, "1 task diverged now: `coordinator retry --diverged --out "+r.folder+"` runs it once more")
}
