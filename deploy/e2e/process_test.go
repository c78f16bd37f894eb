//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// programs is the folder of the built binaries.
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
		return m.Run()
	}())
}

// process is a program that was started.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	output *output
	ended  chan struct{}
}

// output is what a process says; it is read while the process writes.
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

// start starts a program, of those that were built unless its path is given, that is
// to die at a failpoint ("": nowhere).
func start(t *testing.T, failpoint, program string, arguments ...string) *process {
	t.Helper()
	p := prepared(t, failpoint, program, arguments...)
	p.begin()
	return p
}

// prepared is a process that has not begun.
func prepared(t *testing.T, failpoint, program string, arguments ...string) *process {
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

// begin starts it.
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
			p.t.Logf("%s said\n%s", p.cmd, p.output)
		}
	})
}

// patience is how long anything may take before a test gives up: it only bounds how
// long a test that fails takes, on a machine that has other things to do.
const patience = 8 * time.Minute

// wait returns the exit code, or minus the signal that ended the process.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	if code := p.cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	return -int(p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// expect waits and checks the exit code.
func (p *process) expect(code int) {
	p.t.Helper()
	if got := p.wait(); got != code {
		p.t.Fatalf("%s ended with %d, want %d", p.name, got, code)
	}
}

// until waits for something that happens while the process runs.
func (p *process) until(what string, happened func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.ended:
			p.t.Fatalf("%s ended before %s", p.name, what)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// isAtWork waits until so many tasks have begun and the newest has made a step, so
// that its worker, asked to leave, has a checkpoint to hand back.
func (p *process) isAtWork(tasks int) {
	p.t.Helper()
	p.until("a task has made a step", func() bool {
		said := p.output.String()
		newest := said[max(0, strings.LastIndex(said, "task begins")):]
		return strings.Count(said, "task begins") >= tasks && strings.Contains(newest, "the first step is done")
	})
}

// children are the processes that it has started, where the system tells.
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

// obeysHangUps skips a test where SIGHUP is ignored, as under nohup: programs that it
// starts ignore it, too.
func obeysHangUps(t *testing.T) {
	t.Helper()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("skipped: SIGHUP is ignored here, as under nohup")
	}
}

// killed is what wait returns after kill -9.
const killed = -int(syscall.SIGKILL)

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}
