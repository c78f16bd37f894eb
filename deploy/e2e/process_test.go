//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/pace"
)

// programs is the folder of the binaries that TestMain built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "spiqsweep-e2e")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		build := exec.Command("go", "build", "-tags", "failpoint", "-o", folder, "spiqsweep/coordinator", "spiqsweep/worker")
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, output)
			return 1
		}
		programs = folder
		setSteps()
		// The tests spend much of their time waiting for leases to expire.
		flag.Parse()
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// setSteps makes the tasks of sweeps that tests disturb last for some time on a machine of any speed,
// so that a sweep does not end before it is disturbed.
func setSteps() {
	steps := func(neurons, timesteps int, duration time.Duration) int {
		n, err := pace.Steps(neurons, timesteps, duration)
		if err != nil {
			panic(err)
		}
		return n
	}
	long = twoTasks(steps(5, 6, 4*time.Second))
	short := steps(4, 4, 500*time.Millisecond)
	small.setSteps(short)
	recorded.setSteps(short)
	tiny.setSteps(2 * short) // it has half as many tasks
	paged.setSteps(steps(2, 2, 100*time.Millisecond))
}

// process is a running program.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	output *output
	ended  chan struct{}
}

// output collects what a process writes. It is safe for concurrent use.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// start starts a program: one of those that were built or, if the path is absolute,
// another. It dies at a failpoint, "" for none.
func start(t *testing.T, failpoint, program string, arguments ...string) *process {
	t.Helper()
	p := newProcess(t, failpoint, program, arguments...)
	p.begin()
	return p
}

// newProcess returns a process that start would have started.
func newProcess(t *testing.T, failpoint, program string, arguments ...string) *process {
	p := &process{
		t: t, name: program, output: &output{}, ended: make(chan struct{}),
		cmd: exec.Command(program, arguments...),
	}
	if !filepath.IsAbs(program) {
		p.cmd = exec.Command(filepath.Join(programs, program), arguments...)
	}
	p.cmd.Env = append(os.Environ(), "SPIQSWEEP_FAILPOINT="+failpoint)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	return p
}

// begin starts the process. The end of the test kills it.
func (p *process) begin() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if p.t.Failed() {
			p.t.Logf("the output of %s:\n%s", p.cmd, p.output)
		}
	})
}

// testTimeout bounds each wait of a test. It is long, for machines under load: only a
// test that fails takes as long.
const testTimeout = 8 * time.Minute

// wait waits for the end of the process. It returns the exit code, or minus the
// number of the signal that ended it.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(testTimeout):
		p.t.Fatalf("%s does not end", p.name)
	}
	if code := p.cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	return -int(p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// expect waits for the end of the process and checks its exit code.
func (p *process) expect(code int) {
	p.t.Helper()
	if got := p.wait(); got != code {
		p.t.Fatalf("%s ended with %d, want %d", p.name, got, code)
	}
}

// until waits until happened returns true, while the process runs.
func (p *process) until(what string, happened func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(testTimeout); !happened(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.ended:
			if happened() { // since it was asked
				return
			}
			p.t.Fatalf("%s ended before %s", p.name, what)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %v in vain until %s", testTimeout, what)
		}
	}
}

// waitForWork waits until a number of tasks have begun and the newest has made a
// step, so that its worker has a checkpoint to hand back.
func (p *process) waitForWork(tasks int) {
	p.t.Helper()
	p.until("a task has made a step", func() bool {
		said := p.output.String()
		newest := said[max(0, strings.LastIndex(said, "task begins")):]
		return strings.Count(said, "task begins") >= tasks && strings.Contains(newest, "the first step is done")
	})
}

// children lists the processes that this one has started. It skips the test without
// Linux's /proc.
func (p *process) children() (pids []int) {
	p.t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid))
	if err != nil || len(lists) == 0 {
		p.t.Skip("skipped: needs Linux's /proc")
	}
	for _, list := range lists {
		body, err := os.ReadFile(list)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // a thread that has just ended
		}
		if err != nil {
			p.t.Fatal(err)
		}
		for _, field := range strings.Fields(string(body)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				p.t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// needsHangUp skips a test if SIGHUP is ignored, as under nohup: the programs that the
// test starts inherit that.
func needsHangUp(t *testing.T) {
	t.Helper()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("skipped: SIGHUP is ignored here, as under nohup")
	}
}

// killed is the result of wait after SIGKILL.
const killed = -int(syscall.SIGKILL)

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// kill sends a signal to a process or, if the number is negative, to a group. One that has just
// ended by itself is no error: its exit code tells how.
func kill(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
