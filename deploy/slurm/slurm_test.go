//go:build linux

package slurm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/pace"
	"spiqsweep/proto/credentials"
)

// TestSlurm runs all scenarios on one cluster, beside each other, since most of their time is
// waiting for Slurm.
func TestSlurm(t *testing.T) {
	if os.Getenv(guardVariable) != "1" {
		t.Skip("skipped: it starts a cluster: run `make slurm`")
	}
	steps, err := pace.Steps(4, 4, 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	long = twoTasks(steps)
	c := startCluster(t)
	bin, err := programs()
	t.Cleanup(func() { _ = os.RemoveAll(bin) })
	if err != nil {
		t.Fatal(err)
	}
	ordinary := c.as(nobody(t))
	type scenario struct {
		name string
		of   client
		run  func(*testing.T, client)
	}
	scenarios := []scenario{
		{"array", ordinary, array},
		{"a cancelled task", ordinary, cancelledTask},
		{"requeue", ordinary, requeue},
		{"preemption", ordinary, preemption},
		{"walltime", ordinary, walltime},
		{"a task longer than the walltime", ordinary, tooLong},
		{"a lost node", ordinary, lostNode},
		{"more workers than tasks", ordinary, moreWorkersThanTasks},
		{"pending workers are cancelled", ordinary, cancelsPending},
		{"no coordinator", ordinary, noCoordinator},
		{"one job", ordinary, oneJob},
	}
	if ordinary.account != nil {
		scenarios = append(scenarios, scenario{"array as root", c.as(nil), array}, scenario{"requeue as root", c.as(nil), requeue}, scenario{"one job as root", c.as(nil), oneJob})
	}
	t.Run("all", func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, s.of)
			})
		}
	})
}

// array runs a sweep with an array of eight workers on four nodes.
func array(t *testing.T, c client) {
	r := newRun(t, c, small)
	sweep := r.coordinator()
	job := r.submit(8, nil, "--partition=four")[0]
	sweep.expect(0)
	r.wantResults(small)
	nodes := map[string]bool{}
	for i := range 8 {
		id := fmt.Sprintf("%s_%d", job, i+1)
		ended := r.waitForState(id, "COMPLETED", "CANCELLED", "FAILED")
		if ended["JobState"] == "CANCELLED" && ended["NodeList"] == "(null)" {
			continue // it was pending when the sweep ended
		}
		if ended["JobState"] != "COMPLETED" || ended["ExitCode"] != "0:0" {
			t.Errorf("worker %s ended as %s with %s", id, ended["JobState"], ended["ExitCode"])
		}
		nodes[ended["NodeList"]] = true
	}
	if len(nodes) != 4 {
		t.Errorf("the workers ran on %d nodes, want 4: %v", len(nodes), nodes)
	}
}

// cancelledTask cancels one of two workers, which hands its task back to the other.
func cancelledTask(t *testing.T, c client) {
	r := newRun(t, c, long)
	sweep := r.coordinator()
	job := r.submit(1, nil)[0]
	r.waitForWork()
	r.submit(1, nil)
	if _, err := r.try("scancel", job+"_1"); err != nil {
		t.Fatal(err)
	}
	sweep.expect(0)
	r.wantResults(long)
	r.wantHandOver()
	if ended := r.waitForState(job+"_1", "CANCELLED"); ended["NodeList"] == "" {
		t.Errorf("the cancelled worker had no node: %v", ended)
	}
}

// requeue requeues the only worker: it hands its task back, and goes on with it when it
// starts again, under the same job ID.
func requeue(t *testing.T, c client) {
	r := newRun(t, c, long)
	sweep := r.coordinator()
	id := r.submit(1, nil)[0] + "_1"
	r.waitForWork()
	if workers := r.status().Workers; len(workers) != 1 || workers[0].EngineJob != "Slurm job "+id {
		t.Errorf("the workers are %+v, want one of Slurm job %s", workers, id)
	}
	r.scontrol("requeue", id)
	r.wantRequeued(id, sweep)
}

// wantRequeued starts the only worker's job again, in which it goes on with the task that it
// handed back, and ends the sweep.
func (r *run) wantRequeued(id string, sweep *process) {
	r.Helper()
	r.startRequeued(id)
	sweep.expect(0)
	r.wantResults(long)
	r.wantHandOver()
	if ended := r.waitForState(id, "COMPLETED"); ended["Restarts"] != "1" {
		r.Errorf("the job was started %s times again, want 1", ended["Restarts"])
	}
}

// preemption has a job of higher priority take the only processor of a worker.
func preemption(t *testing.T, c client) {
	r := newRun(t, c, long)
	sweep := r.coordinator()
	id := r.submit(1, nil, "--partition=low")[0] + "_1"
	r.waitForWork()
	text, err := r.try("sbatch", "--parsable", "--partition=high", "--output=/dev/null", "--wrap=exit 0")
	if err != nil {
		t.Fatal(err)
	}
	r.waitForState(text, "COMPLETED")
	r.wantRequeued(id, sweep)
}

// walltime has the time of the only worker end, which it has learnt from Slurm. It hands its
// task back with a checkpoint, and another worker goes on from there.
func walltime(t *testing.T, c client) {
	r := newRun(t, c, long)
	sweep := r.coordinator()
	id := r.submit(1, nil, "--time=10")[0] + "_1"
	r.waitForWork()
	r.endTime(id)
	if ended := r.waitForState(id, "FAILED", "TIMEOUT", "COMPLETED"); ended["ExitCode"] != "75:0" {
		t.Errorf("the worker ended as %s with %s, want exit code 75", ended["JobState"], ended["ExitCode"])
	}
	r.wantTimeLeft(id, 10*time.Minute)
	r.submit(1, nil)
	sweep.expect(0)
	r.wantResults(long)
	r.wantHandOver()
}

// tooLong runs a sweep of two tasks with a worker that has the time for one of them alone. It
// leaves without a beginning of the other.
func tooLong(t *testing.T, c client) {
	r := newRun(t, c, `sweep "too-long" {
  grid {
    neurons   = [2]
    timesteps = [1]
    k         = [0]
    steps     = [300, 1000000000]
  }
}
`)
	sweep := r.coordinator()
	id := r.submit(1, nil, "--time=10")[0] + "_1"
	if ended := r.waitForState(id, "FAILED", "TIMEOUT", "COMPLETED"); ended["ExitCode"] != "0:0" {
		t.Errorf("the worker ended as %s with %s, want exit code 0", ended["JobState"], ended["ExitCode"])
	}
	r.wantTimeLeft(id, 10*time.Minute)
	if said := r.logOf(id); !strings.Contains(said, "none can end in the time left") {
		t.Errorf("the worker does not say why it leaves: %s", said)
	}
	if tasks := r.status().Tasks; tasks.Done != 1 || tasks.Pending != 1 {
		t.Errorf("the tasks are %+v, want one done and one pending", tasks)
	}
	sweep.signal(syscall.SIGTERM)
	sweep.expect(130)
	if rows := r.attempts(); len(rows) != 1 || rows[0]["outcome"] != "accepted" {
		t.Errorf("the attempts are %v, want that of the short task", rows)
	}
}

// logOf returns the log of a worker.
func (r *run) logOf(id string) string {
	r.Helper()
	body, err := os.ReadFile(filepath.Join(r.out, "slurm", id+".log"))
	if err != nil {
		r.Fatal(err)
	}
	return string(body)
}

// timeLeft matches what a worker logs of the time that its job has left.
var timeLeft = regexp.MustCompile(`this job of Slurm ends, and the worker leaves before: in=(\S+)`)

// wantTimeLeft checks that a worker has learnt from Slurm when its job ends.
func (r *run) wantTimeLeft(id string, walltime time.Duration) {
	r.Helper()
	match := timeLeft.FindStringSubmatch(r.logOf(id))
	if match == nil {
		r.Fatalf("worker %s has not learnt when its job ends: %s", id, r.logOf(id))
	}
	if left, err := time.ParseDuration(match[1]); err != nil || left <= 0 || left > walltime {
		r.Errorf("worker %s has %s left, want %v at most", id, match[1], walltime)
	}
}

// endTime shortens the walltime of a job, so that Slurm sends the signal before the walltime
// when it next looks at the times, within 30 s. The workers are frozen until then, so that
// their tasks are not done before.
func (r *run) endTime(id string) {
	r.Helper()
	frozen := r.workers()
	if len(frozen) == 0 {
		r.Fatal("no worker runs")
	}
	for _, pid := range frozen {
		r.signal(pid, syscall.SIGSTOP)
	}
	r.scontrol("update", "JobId="+id, "TimeLimit=1")
	wait(r, "Slurm has sent the signal", func() bool {
		return slices.ContainsFunc(frozen, func(pid int) bool {
			state, _ := processState(pid)
			return state != "T" || isSignalPending(pid, syscall.SIGUSR1) // with TERM, Slurm sends CONT
		})
	})
	for _, pid := range frozen {
		_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended
	}
}

func (r *run) signal(pid int, s syscall.Signal) {
	r.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		r.Fatalf("send %v to process %d: %v", s, pid, err)
	}
}

// lostNode kills the slurmd of a worker's node, and cuts the worker off from the coordinator.
// The worker trains on, and Slurm starts the job again on another node. The second worker
// trains the task too. When the cable is back, the result of the first one is late: it is
// compared, and never counted.
func lostNode(t *testing.T, c client) {
	grid := strings.Replace(long, "[0, 1]", "[1]", 1)
	r := newRun(t, c, grid)
	server := filepath.Join(r.folder, "serve")
	r.listening("serve", "--out", server)
	follow := func() *process {
		return r.start("coordinator", "--grid", r.grid, "--out", r.out, "--coordinator", filepath.Join(server, "operator.json"))
	}
	sweep := follow()
	wait(t, "the sweep is submitted", func() bool { return r.status().Tasks.Planned == 1 })
	// Workers of the job call the addresses in this file when they start.
	file := filepath.Join(r.folder, "worker.json")
	real, err := credentials.Load(filepath.Join(server, "worker.json"))
	if err != nil {
		t.Fatal(err)
	}
	line := newCable(t, real.Addresses[0])
	r.writeCredentials(real.At(line.address()), file)
	id := r.submit(1, []string{"--worker-file", file, "--connect-timeout=2m"}, "--partition=lost")[0] + "_1"
	r.waitForWorkOf(file)
	node := r.job(id)["NodeList"]
	line.cut()
	r.kill(node)
	r.writeCredentials(real, file)
	first := r.workersOf(file)
	if len(first) != 1 {
		t.Fatalf("%d workers run after the death of slurmd, want 1", len(first))
	}
	r.startRequeued(id)
	sweep.expect(0)
	if second := r.job(id)["NodeList"]; second == node {
		t.Errorf("both workers ran on %s", node)
	}
	if !slices.Contains(r.workersOf(file), first[0]) {
		t.Error("the first worker has ended")
	}
	line.repair()
	wait(t, "the first worker has ended", func() bool { return !slices.Contains(r.workersOf(file), first[0]) })
	follow().expect(0) // which writes attempts.csv again
	r.wantResults(grid)
	outcomes := map[string]string{}
	for _, row := range r.attempts() {
		outcomes[row["attempt"]] = row["outcome"]
	}
	if len(outcomes) != 2 || outcomes["1"] != "late" || outcomes["2"] != "accepted" {
		t.Errorf("the attempts ended as %v, want the first one late and the second one accepted", outcomes)
	}
}

// moreWorkersThanTasks starts eight workers for a sweep of two tasks. All must end with 0.
func moreWorkersThanTasks(t *testing.T, c client) {
	grid := twoTasks(2000)
	r := newRun(t, c, grid)
	server := filepath.Join(r.folder, "serve")
	r.listening("serve", "--out", server)
	p := r.start("coordinator", "slurm", "--out", server, "--workers", "8", "--idle-timeout", idleTimeout.String(), "--submit")
	p.expect(0)
	job := submitted.FindStringSubmatch(p.output.String())[1]
	r.start("coordinator", "--grid", r.grid, "--out", r.out, "--coordinator", filepath.Join(server, "operator.json")).expect(0)
	r.wantResults(grid)
	for i := range 8 {
		id := fmt.Sprintf("%s_%d", job, i+1)
		if ended := r.waitForState(id, "COMPLETED", "FAILED", "CANCELLED"); ended["ExitCode"] != "0:0" || ended["JobState"] != "COMPLETED" {
			t.Errorf("worker %s ended as %s with %s", id, ended["JobState"], ended["ExitCode"])
		}
	}
}

// cancelsPending submits more workers than may run at a time, in two arrays. The coordinator
// cancels those that have not started when the sweep ends.
func cancelsPending(t *testing.T, c client) {
	grid := strings.Replace(small, "steps = 1000", "steps = 300", 1)
	r := newRun(t, c, grid)
	sweep := r.coordinator()
	jobs := r.submit(14, []string{"--parallel", "2"})
	if len(jobs) != 2 {
		t.Errorf("%d arrays, want 2, since an array has at most %d tasks: %v", len(jobs), arraySize-1, jobs)
	}
	sweep.expect(0)
	r.wantResults(grid)
	if said := sweep.output.String(); !strings.Contains(said, "cancelled what was pending of Slurm's jobs "+strings.Join(jobs, ", ")) {
		t.Errorf("the coordinator does not say what it cancelled:\n%s", said)
	}
	pending, err := r.try("squeue", "--noheader", "--states=PENDING", "--jobs="+strings.Join(jobs, ","))
	if err != nil || pending != "" {
		t.Errorf("these are pending: %s (%v)", pending, err)
	}
	if r.has(filepath.Join(r.out, "slurm", "jobs")) {
		t.Error("the jobs are still recorded")
	}
}

// noCoordinator starts a worker whose coordinator has ended.
func noCoordinator(t *testing.T, c client) {
	r := newRun(t, c, long)
	sweep := r.coordinator()
	sweep.signal(syscall.SIGTERM)
	sweep.expect(130)
	id := r.submit(1, []string{"--connect-timeout=1s"})[0] + "_1"
	if ended := r.waitForState(id, "FAILED", "COMPLETED"); ended["ExitCode"] != "69:0" {
		t.Errorf("the worker ended with %s, want 69", ended["ExitCode"])
	}
}

func (p *process) signal(s syscall.Signal) {
	p.r.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.r.Fatal(err)
	}
}

// oneJob runs a sweep in one allocation, whose time ends before the sweep. The same script
// resumes it.
func oneJob(t *testing.T, c client) {
	r := newRun(t, c, long)
	r.out = filepath.Join(r.folder, "runs", `out 2%# 'x'`) // Slurm and the shell must read its name alike
	id := r.slurm("slurm", "--one-job", "--workers", "2", "--grid", filepath.Base(r.grid), "--out", r.out, "--submit", "--", "--time", "10")[0]
	r.waitForWork()
	r.endTime(id)
	if ended := r.waitForState(id, "FAILED", "TIMEOUT", "COMPLETED"); ended["ExitCode"] != "130:0" {
		t.Errorf("the job ended as %s with %s, want the coordinator's exit code 130", ended["JobState"], ended["ExitCode"])
	}
	again, err := r.try("sbatch", "--parsable", filepath.Join(r.out, "slurm", "one-job.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if ended := r.waitForState(again, "FAILED", "COMPLETED"); ended["ExitCode"] != "0:0" {
		t.Errorf("the second job ended as %s with %s, want 0", ended["JobState"], ended["ExitCode"])
	}
	r.wantResults(long)
	r.wantHandOver()
}
