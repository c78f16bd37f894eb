//go:build linux

package hosts

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// programs is the folder of the programs that TestMain built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Getenv("SPIQSWEEP_HOSTS") != "1" {
			return m.Run()
		}
		folder, err := os.MkdirTemp("", "spiqsweep-hosts")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		build := exec.Command("go", "build", "-o", folder, "spiqsweep/coordinator", "spiqsweep/worker")
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, output)
			return 1
		}
		programs = folder
		// Most tests wait for packets and leases most of the time.
		flag.Parse()
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// process is a program on a host.
type process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	ended   chan struct{}

	mu     sync.Mutex // guards output
	output bytes.Buffer
}

// start starts one of our programs on a host, or another one by its path. It ends with the
// host.
func (h *host) start(program string, arguments ...string) *process {
	h.t.Helper()
	path := program
	if !filepath.IsAbs(program) {
		path = filepath.Join(programs, program)
	}
	p := &process{t: h.t, name: program + " on " + h.name, command: h.command(path, arguments...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = p, p
	if err := p.command.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	h.t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.ended
		if h.t.Failed() {
			h.t.Logf("the output of %s:\n%s", p.name, p.said())
		}
	})
	return p
}

// Write implements io.Writer, for the output of the program.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// signal sends a signal to the program, if it runs. nsenter, its parent, stops when it
// does, and must go on to report its end.
func (p *process) signal(s syscall.Signal) {
	if pid := child(p.command.Process.Pid); pid != 0 {
		_ = syscall.Kill(pid, s)
	}
	if s == syscall.SIGKILL || s == syscall.SIGCONT {
		_ = p.command.Process.Signal(syscall.SIGCONT)
	}
}

// testTimeout bounds each wait: only a test that fails takes as long.
const testTimeout = 2 * time.Minute

// expect waits for the end of the program and checks its exit code.
func (p *process) expect(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(testTimeout):
		p.t.Fatalf("%s does not end", p.name)
	}
	if got := p.command.ProcessState.ExitCode(); got != code {
		p.t.Fatalf("%s ended with %d, want %d", p.name, got, code)
	}
}

// until waits until a condition on the output holds.
func (p *process) until(what string, holds func(said string) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(testTimeout); !holds(p.said()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: waited %v in vain until %s", p.name, testTimeout, what)
		}
		select {
		case <-p.ended:
			if !holds(p.said()) {
				p.t.Fatalf("%s ended before %s", p.name, what)
			}
			return
		default:
		}
	}
}

// untilSaid waits until the program has printed a text.
func (p *process) untilSaid(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("it prints %q", text), func(said string) bool { return strings.Contains(said, text) })
}
