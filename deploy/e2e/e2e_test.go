//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scenarios are what may happen to a sweep. Each ends with all tasks done.
var scenarios = map[string]func(*run){
	"two local workers": func(r *run) {
		r.coordinator("", "--local", "2").expect(0)
	},
	"two remote workers": func(r *run) {
		c := r.listening("")
		first, second := r.worker(""), r.worker("")
		c.expect(0)
		first.expect(0)
		second.expect(0)
	},
	"a worker dies with a result that it has not sent": func(r *run) {
		c := r.listening("")
		r.worker("worker.trained@2").expect(killed)
		last := r.worker("")
		c.expect(0)
		last.expect(0)
		r.wantOutcome("lost")
	},
	"a worker dies while it hands back a checkpoint": func(r *run) {
		c := r.listening("")
		first := r.worker("worker.checkpoint")
		first.waitForWork(1) // a slow task also stores a checkpoint when it ends
		first.signal(syscall.SIGTERM)
		first.expect(killed)
		last := r.worker("")
		c.expect(0)
		last.expect(0)
		r.wantOutcome("lost")
	},
	"a worker hands back and another resumes from its checkpoint": func(r *run) {
		c := r.listening("")
		first := r.worker("")
		first.waitForWork(2)
		first.signal(syscall.SIGTERM)
		first.expect(75)
		last := r.worker("")
		c.expect(0)
		last.expect(0)
		r.wantOutcome("handed_back")
		r.wantResumed()
	},
	"the coordinator dies with a result committed and not answered": func(r *run) {
		c := r.listening("coordinator.committed@2")
		w := r.worker("")
		c.expect(killed)
		r.listening("").expect(0)
		w.expect(0)
	},
	"the coordinator dies while it stores a checkpoint": func(r *run) {
		c := r.listening("coordinator.checkpoint")
		first := r.worker("")
		first.waitForWork(1) // a slow task also stores a checkpoint when it ends
		first.signal(syscall.SIGTERM)
		c.expect(killed)
		first.wait() // it may hand back to the next coordinator, if that starts in time
		last := r.listening("")
		second := r.worker("")
		last.expect(0)
		second.expect(0)
	},
	"the coordinator dies with half of the tables written": func(r *run) {
		r.coordinator("coordinator.tables@2", "--local", "2").expect(killed)
		r.coordinator("", "--local", "2").expect(0)
	},
	"the coordinator dies and its local workers with it": func(r *run) {
		c := r.coordinator("", "--local", "2")
		r.until(c, "a third is done", aThirdDone)
		c.signal(syscall.SIGKILL)
		c.expect(killed)
		r.coordinator("", "--local", "2").expect(0)
	},
	"all processes die at the same time": func(r *run) {
		c, first, second := r.listening(""), r.worker(""), r.worker("")
		r.until(c, "a third is done", aThirdDone)
		for _, p := range []*process{c, first, second} {
			p.signal(syscall.SIGKILL)
			p.expect(killed)
		}
		last := r.listening("")
		w := r.worker("")
		last.expect(0)
		w.expect(0)
	},
	"a service manager asks all processes to leave at the same time": func(r *run) {
		c := r.coordinator("", "--local", "2")
		c.waitForWork(3)
		for _, pid := range append(c.children(), c.cmd.Process.Pid) {
			if err := kill(pid, syscall.SIGTERM); err != nil {
				r.Error(err)
			}
		}
		c.expect(130)
		r.wantOutcome("handed_back")
		r.coordinator("", "--local", "2").expect(0)
	},
	"interrupted and resumed": func(r *run) {
		c := r.coordinator("", "--local", "2")
		c.waitForWork(3)
		c.signal(syscall.SIGINT)
		c.expect(130)
		if said := c.output.String(); !strings.Contains(said, "to resume, run again") {
			r.Errorf("the coordinator does not say how to resume")
		}
		r.wantOutcome("handed_back")
		r.coordinator("", "--local", "2").expect(0)
		r.wantResumed()
	},
}

func TestSmallSweep(t *testing.T) { runScenarios(t, small) }

func TestRecordedSweep(t *testing.T) { runScenarios(t, recordedSweep(t)) }

// runScenarios runs each scenario on a sweep.
func runScenarios(t *testing.T, s *sweepSpec) {
	s.results(t)
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, s)
			scenario(r)
			r.checkComplete()
		})
	}
}

// wantResumed checks that an attempt began from a checkpoint.
func (r *run) wantResumed() {
	r.Helper()
	for _, a := range r.attempts() {
		if a["first_step"] != "0" {
			return
		}
	}
	r.Error("no attempt began from a checkpoint")
}

// TestLeasesOfDeadLocalWorkersExpireAtOnce kills a coordinator whose leases last a
// minute. The next one must take the leases of its local workers back without waiting.
func TestLeasesOfDeadLocalWorkersExpireAtOnce(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	r.leaseTerm = time.Minute
	c := r.coordinator("", "--local", "2")
	c.waitForWork(3)
	c.signal(syscall.SIGKILL)
	c.expect(killed)
	r.coordinator("", "--local", "2").expect(0)
	r.checkComplete()
	for _, a := range r.attempts() {
		if a["outcome"] == "lost" && a["message"] != "the process has ended" {
			t.Errorf("attempt %s of task %s was lost, and not because its process ended: %s", a["attempt"], a["task"], a["message"])
		}
	}
	r.wantOutcome("lost")
}

func TestASecondCoordinatorIsRefused(t *testing.T) {
	r := newRun(t, small)
	first := r.listening("")
	second := r.coordinator("", "--local", "1")
	second.expect(2)
	if said := second.output.String(); !strings.Contains(said, "in use by another coordinator") {
		t.Errorf("the second coordinator does not report that the store is in use: %s", said)
	}
	first.signal(syscall.SIGTERM)
	first.expect(130)
}

// TestASecondSignalEndsAtOnce freezes the local worker. A coordinator that received
// only one signal would wait for it, and then say how to resume.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	c := r.coordinator("", "--local", "1")
	c.waitForWork(1)
	for _, pid := range c.children() {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	}
	for !c.hasEnded() { // signals within a second of the first count as one
		c.signal(syscall.SIGINT)
		time.Sleep(100 * time.Millisecond)
	}
	c.expect(130)
	if said := c.output.String(); strings.Contains(said, "interrupted with") {
		t.Errorf("the coordinator waited for its worker")
	}
}

// TestLocalWorkersThatCannotBeStarted makes the program not executable while it
// runs, and kills its workers. The coordinator must end with the reason. The same
// command must resume once that is repaired.
func TestLocalWorkersThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	program := filepath.Join(t.TempDir(), "coordinator")
	body, err := os.ReadFile(filepath.Join(programs, "coordinator"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, body, 0o700); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"--grid", r.grid, "--out", r.folder, "--local", "2", "--log-level", "debug"}
	c := start(t, "", program, arguments...)
	c.waitForWork(2)
	if err := os.Chmod(program, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pid := range c.children() {
		if err := kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	c.expect(1)
	for _, want := range []string{"no local worker can be started", "permission denied", "noexec", "the same command resumes"} {
		r.wantOutput(c.output.String(), want)
	}
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, "", program, arguments...).expect(0)
	r.checkComplete()
}

// TestAFrozenLocalWorkerIsReplaced freezes one of two local workers. The coordinator
// must start another, in a sweep that is long enough not to end before.
func TestAFrozenLocalWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	r := newRun(t, twoTasks(3_000_000))
	c := r.coordinator("", "--local", "2")
	c.waitForWork(2)
	before := c.children()
	frozen := before[0]
	if err := syscall.Kill(frozen, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.until("another is started", func() bool {
		now := c.children()
		return len(now) == len(before) && !slices.Contains(now, frozen)
	})
	r.wantOutput(c.output.String(), "a local worker does not call any more")
	c.signal(syscall.SIGTERM)
	c.expect(130)
	r.wantOutcome("lost")
}

// TestATaskThatKillsItsProcess runs local workers that all die before they report
// their first result.
func TestATaskThatKillsItsProcess(t *testing.T) {
	t.Parallel()
	r := newRun(t, &sweepSpec{grid: `
sweep "deadly" {
  grid {
    neurons = [2]
  }
  training {
    steps = 1
  }
}
`, rows: 1})
	c := r.coordinator("worker.trained", "--local", "1")
	c.expect(3)
	losses := 0
	for _, a := range r.attempts() {
		if a["outcome"] == "lost" {
			losses++
		}
	}
	if losses < 5 {
		t.Errorf("the task failed after %d losses, want 5", losses)
	}
	if results := string(r.file("results.csv")); !strings.Contains(results, ",failed,") {
		t.Errorf("results.csv does not show the failed task:\n%s", results)
	}

	// The task succeeds after a retry, without the failpoint.
	retry := start(t, "", "coordinator", "retry", "--out", r.folder)
	retry.expect(0)
	if said := retry.output.String(); said != "1 task reopened\n" {
		t.Errorf("retry printed %q", said)
	}
	r.coordinator("", "--local", "1").expect(0)
}

func TestStatusFromAnotherTerminal(t *testing.T) {
	r := newRun(t, small)
	c := r.coordinator("", "--local", "2")
	c.waitForWork(1)
	status := start(t, "", "coordinator", "status", "--out", r.folder)
	status.expect(0)
	if said := status.output.String(); !strings.Contains(said, "of 16 tasks done") || !strings.Contains(said, "\t1 slot\t") {
		t.Errorf("status printed\n%s", said)
	}
	c.signal(syscall.SIGTERM)
	c.expect(130)
	status = start(t, "", "coordinator", "status", "--out", r.folder, "--json")
	status.expect(0)
	if said := status.output.String(); !strings.Contains(said, `"planned": 16`) || !strings.Contains(said, `"running": 0`) {
		t.Errorf("status printed\n%s", said)
	}
	if _, err := os.Stat(filepath.Join(r.folder, "operator.json")); err != nil {
		t.Error(err)
	}
}
