//go:build linux

package slurm

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spiqsweep/coordinator/app"
	"spiqsweep/proto/credentials"
)

// small is a grid of sixteen tasks, on the surrogate.
const small = `sweep "small" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 4]
    k         = [0, 1]
  }
  training {
    steps = 1000
  }
}
`

// long is twoTasks that last for seconds on this machine, so that Slurm can interrupt them.
var long string

// twoTasks returns a grid of two tasks of so many steps, on the surrogate.
func twoTasks(steps int) string {
	return fmt.Sprintf(`sweep "long" {
  grid {
    neurons   = [4]
    timesteps = [4]
    k         = [0, 1]
  }
  training {
    steps = %d
  }
}
`, steps)
}

// Times of the coordinators and workers of the tests.
const (
	leaseTerm      = 4 * time.Second
	idleTimeout    = 8 * time.Second
	connectTimeout = 10 * time.Second
)

// programs builds the programs into a folder that every user may read.
var programs = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "spiqsweep-slurm-bin-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		return folder, err
	}
	output, err := exec.Command("go", "build", "-o", folder, "spiqsweep/coordinator", "spiqsweep/worker").CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: string(output), Err: err}
	}
	return folder, err
})

// nobody returns the ordinary user of the scenarios if the test runs as root, else nil.
func nobody(t testing.TB) *account {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &account{u.Username, uint32(uid), uint32(gid)}
}

// run is a sweep whose workers run in Slurm.
type run struct {
	client
	*testing.T
	folder string // of the files of the run
	out    string
	grid   string
}

// newRun makes the folder of a run, which belongs to the client's user.
func newRun(t *testing.T, c client, grid string) *run {
	t.Helper()
	c.cluster = c.in(t)
	folder := filepath.Join(c.folder, strings.ReplaceAll(t.Name(), "/", "-"))
	r := &run{client: c, T: t, folder: folder, out: filepath.Join(folder, "runs", "out"), grid: filepath.Join(folder, "grid.hcl")}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.grid, []byte(grid), 0o644); err != nil {
		t.Fatal(err)
	}
	if c.account != nil {
		if err := os.Chown(folder, int(c.account.uid), int(c.account.gid)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			r.logFiles()
		}
	})
	return r
}

// logFiles logs the logs of the run's jobs.
func (r *run) logFiles() {
	logs, _ := filepath.Glob(filepath.Join(r.out, "slurm", "*.log"))
	for _, path := range logs {
		body, _ := os.ReadFile(path)
		r.Logf("%s:\n%s", filepath.Base(path), body)
	}
	jobs, _ := r.try("squeue", "--states=all", "--format=%i %j %T %r %N %l %M")
	r.Logf("jobs:\n%s", jobs)
	attempts, _ := os.ReadFile(filepath.Join(r.out, "attempts.csv"))
	r.Logf("attempts.csv:\n%s", attempts)
}

// program returns the path of a program.
func (r *run) program(name string) string {
	r.Helper()
	folder, err := programs()
	if err != nil {
		r.Fatal(err)
	}
	return filepath.Join(folder, name)
}

// process is a program that runs beside the jobs.
type process struct {
	*exec.Cmd
	r      *run
	output bytes.Buffer // to be read after the end
	ended  chan struct{}
}

// start starts a program as the run's user. The end of the test kills it.
func (r *run) start(program string, arguments ...string) *process {
	r.Helper()
	p := &process{Cmd: r.command(context.Background(), r.program(program), arguments...), r: r, ended: make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = r.folder, &p.output, &p.output
	p.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: see startAs
		err := p.Start()
		started <- err
		if err == nil {
			_ = p.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if r.Failed() {
			r.Logf("%s:\n%s", strings.Join(p.Args, " "), p.output.String())
		}
	})
	return p
}

// expect waits for the end of a program and checks its exit code.
func (p *process) expect(code int) {
	p.r.Helper()
	select {
	case <-p.ended:
	case <-time.After(waitTimeout):
		p.r.Fatalf("%s does not end", p.Path)
	}
	if got := p.ProcessState.ExitCode(); got != code {
		p.r.Fatalf("%s ended with %d, want %d", strings.Join(p.Args, " "), got, code)
	}
}

// coordinator starts the run's coordinator, and waits until it answers.
func (r *run) coordinator(flags ...string) *process {
	r.Helper()
	return r.listening(slices.Concat([]string{"--grid", r.grid, "--out", r.out}, flags)...)
}

// listening starts a coordinator for workers of all nodes, and waits until it answers.
func (r *run) listening(flags ...string) *process {
	r.Helper()
	if !slices.Contains(flags, "--lease-term") {
		flags = append(flags, "--lease-term", leaseTerm.String())
	}
	p := r.start("coordinator", append(flags, "--listen", "0.0.0.0:0")...)
	wait(r, "the coordinator answers", func() bool {
		_, err := app.Place{Out: flags[slices.Index(flags, "--out")+1]}.List(r.Context())
		select {
		case <-p.ended:
			r.Fatalf("the coordinator has ended: %s", p.output.String())
		default:
		}
		return err == nil && r.has(filepath.Join(flags[slices.Index(flags, "--out")+1], "worker.json"))
	})
	return p
}

func (r *run) has(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// submitted matches what `coordinator slurm --submit` prints of a job.
var submitted = regexp.MustCompile(`(?m)^submitted job (\d+): `)

// submit submits workers, and returns the IDs of their jobs.
func (r *run) submit(workers int, flags []string, options ...string) (jobs []string) {
	r.Helper()
	arguments := slices.Concat([]string{"slurm", "--out", r.out, "--workers", strconv.Itoa(workers), "--submit"}, flags)
	for flag, value := range map[string]time.Duration{"--connect-timeout": connectTimeout, "--idle-timeout": idleTimeout} {
		if !slices.ContainsFunc(flags, func(given string) bool { return strings.HasPrefix(given, flag+"=") }) {
			arguments = append(arguments, flag+"="+value.String())
		}
	}
	return r.slurm(slices.Concat(arguments, []string{"--"}, options)...)
}

// slurm runs `coordinator slurm --submit`, and returns the IDs of the jobs.
func (r *run) slurm(arguments ...string) (jobs []string) {
	r.Helper()
	p := r.start("coordinator", arguments...)
	p.expect(0)
	for _, match := range submitted.FindAllStringSubmatch(p.output.String(), -1) {
		jobs = append(jobs, match[1])
	}
	if len(jobs) == 0 {
		r.Fatalf("no job was submitted: %s", p.output.String())
	}
	return jobs
}

// status returns the state of the sweep.
func (r *run) status() app.Status {
	s, err := app.Place{Out: r.out}.Status(r.Context(), "")
	if err != nil {
		return app.Status{}
	}
	return s
}

// waitForWork waits until a worker of the run has trained for a while, so that it has a
// checkpoint to hand back.
func (r *run) waitForWork() {
	r.Helper()
	r.waitForWorkOf(filepath.Join(r.out, "worker.json"))
}

func (r *run) waitForWorkOf(file string) {
	r.Helper()
	wait(r, "a worker has trained", func() bool {
		return slices.ContainsFunc(r.workersOf(file), func(pid int) bool { return processorTime(pid) > 1500*time.Millisecond })
	})
}

// wantResults checks that the sweep has the results of a local run.
func (r *run) wantResults(grid string) {
	r.Helper()
	got, err := os.ReadFile(filepath.Join(r.out, "results.csv"))
	if err != nil {
		r.Fatal(err)
	}
	if want := r.localResults(grid); !bytes.Equal(got, want) {
		r.Errorf("results.csv differs from that of a local run:\n%s, want\n%s", got, want)
	}
}

// local are the results of local runs by grid.
var local = struct {
	sync.Mutex
	results map[string]func() ([]byte, error)
}{results: map[string]func() ([]byte, error){}}

// localResults returns the results.csv of a grid's run with local workers.
func (r *run) localResults(grid string) []byte {
	r.Helper()
	worker := r.program("coordinator")
	local.Lock()
	compute := local.results[grid]
	if compute == nil {
		compute = sync.OnceValues(func() ([]byte, error) {
			folder, err := os.MkdirTemp("", "spiqsweep-slurm-local-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(folder)
			path := filepath.Join(folder, "grid.hcl")
			if err := os.WriteFile(path, []byte(grid), 0o600); err != nil {
				return nil, err
			}
			out := filepath.Join(folder, "out")
			if output, err := exec.Command(worker, "--grid", path, "--out", out, "--local", "2").CombinedOutput(); err != nil {
				return nil, &exec.Error{Name: string(output), Err: err}
			}
			return os.ReadFile(filepath.Join(out, "results.csv"))
		})
		local.results[grid] = compute
	}
	local.Unlock()
	body, err := compute()
	if err != nil {
		r.Fatal(err)
	}
	return body
}

// attempts returns the rows of attempts.csv, in the order of the attempts.
func (r *run) attempts() (rows []map[string]string) {
	r.Helper()
	file, err := os.Open(filepath.Join(r.out, "attempts.csv"))
	if err != nil {
		r.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		r.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// wantHandOver checks that a task was handed back with a checkpoint, and that another
// process went on from the same step.
func (r *run) wantHandOver() {
	r.Helper()
	rows := r.attempts()
	for _, before := range rows {
		step, _ := strconv.Atoi(before["last_step"])
		if before["outcome"] != "handed_back" || step == 0 {
			continue
		}
		for _, after := range rows {
			if after["task"] == before["task"] && after["first_step"] == before["last_step"] && after["process"] != before["process"] {
				return
			}
		}
	}
	r.Errorf("no task was handed back and continued by another process: %v", rows)
}

// job returns the fields that scontrol shows of a job, or of a task of an array (JOB_TASK).
func (r *run) job(id string) map[string]string {
	r.Helper()
	text, err := r.try("scontrol", "--oneliner", "show", "job", id)
	if err != nil {
		r.Fatal(err)
	}
	fields := map[string]string{}
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	return fields
}

// waitForState waits until a job is in one of the states.
func (r *run) waitForState(id string, states ...string) map[string]string {
	r.Helper()
	var job map[string]string
	wait(r, "job "+id+" is "+strings.Join(states, " or "), func() bool {
		job = r.job(id)
		return slices.Contains(states, job["JobState"])
	})
	return job
}

// scontrol runs scontrol, which must succeed.
func (r *run) scontrol(arguments ...string) {
	r.Helper()
	if _, err := r.try("scontrol", arguments...); err != nil {
		r.Fatal(err)
	}
}

// startRequeued has a requeued job start without Slurm's pause of two minutes, but not in the
// second in which it was killed: slurmd would take its credential for a revoked one.
func (r *run) startRequeued(id string) {
	r.Helper()
	r.waitForState(id, "PENDING")
	wait(r, "job "+id+" may start", func() bool {
		_, err := r.try("scontrol", "update", "JobId="+id, "StartTime=now+2")
		return err == nil
	})
}

// workers returns the processes of the run's workers.
func (r *run) workers() []int { return r.workersOf(filepath.Join(r.out, "worker.json")) }

// workersOf returns the processes of the workers that were started with a file.
func (r *run) workersOf(file string) (pids []int) {
	r.Helper()
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		words := strings.Split(string(line), "\x00")
		if words[0] == r.program("worker") && slices.Contains(words, file) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// writeCredentials writes a file for the workers of the run's user.
func (r *run) writeCredentials(f credentials.File, path string) {
	r.Helper()
	if err := f.Save(path); err != nil {
		r.Fatal(err)
	}
	if r.account != nil {
		if err := os.Chown(path, int(r.account.uid), int(r.account.gid)); err != nil {
			r.Fatal(err)
		}
	}
}
