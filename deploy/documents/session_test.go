//go:build unix

package documents

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A session is a user's shell in a fresh clone: it keeps the environment from one command
// to the next.
type session struct {
	t     *testing.T
	clone string
	home  string
	env   []string         // of the first command
	state string           // file with the environment after the last command
	cpu   time.Duration    // of the commands that have ended
	over  <-chan time.Time // receives when the time of the test is over
}

// kept are the variables of the test's environment that the session has too: how programs
// are found and how the network is reached.
var kept = []string{
	"PATH", "LANG", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR",
}

// keptOfGo are the settings of Go that the session has too.
var keptOfGo = []string{"GOPROXY", "GOFLAGS", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOTOOLCHAIN"}

// shareCaches has the session use the machine's caches of Go, to save some minutes of compiling.
var shareCaches = os.Getenv("SPIQSWEEP_SHARE_CACHES") == "1"

// newSession clones the repository at HEAD and begins a session there, with an empty home
// folder and, unless it shares them, no caches.
func newSession(t *testing.T) *session {
	t.Helper()
	folder := t.TempDir()
	s := &session{t: t, clone: filepath.Join(folder, "spiqsweep"), home: filepath.Join(folder, "home"), state: filepath.Join(folder, "state")}
	for _, made := range []string{s.home, s.state} {
		if err := os.Mkdir(made, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.state = filepath.Join(s.state, "env")
	if err := os.WriteFile(s.state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("git", "clone", "--quiet", root, s.clone).CombinedOutput(); err != nil {
		t.Fatalf("clone the repository: %v\n%s", err, output)
	}
	// As on a machine with Go and nothing else: without a C compiler, cgo is off.
	s.env = []string{"HOME=" + s.home, "TERM=dumb", "CGO_ENABLED=0"}
	for _, name := range kept {
		if value, set := os.LookupEnv(name); set {
			s.env = append(s.env, name+"="+value)
		}
	}
	ofGo := keptOfGo
	if shareCaches {
		ofGo = append(slices.Clone(ofGo), "GOCACHE", "GOMODCACHE")
	}
	for _, name := range ofGo {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		s.env = append(s.env, name+"="+strings.TrimSpace(string(value)))
	}
	if shareCaches {
		return s
	}
	t.Cleanup(func() { // Go's cache of modules is read-only
		clean := s.command(s.clone, "go clean -modcache")
		if output, err := clean.CombinedOutput(); err != nil {
			t.Errorf("remove the cache of modules: %v\n%s", err, output)
		}
	})
	return s
}

// set sets a variable of all later commands.
func (s *session) set(name, value string) { s.env = append(s.env, name+"="+value) }

// use makes a program of the machine the one that a name stands for.
func (s *session) use(name, program string) {
	s.t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		s.t.Fatal(err)
	}
	folder := s.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", path)
	if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.set("PATH", folder+":"+os.Getenv("PATH"))
}

// command returns a process of the shell in a folder that runs a text and leaves its
// environment for the next. A signal to its process group reaches all of it, as Ctrl-C does.
func (s *session) command(folder, text string) *exec.Cmd {
	// Others that run at the same time must not read a part of the environment.
	script := fmt.Sprintf(". %[1]q\n%[2]s\ncode=$?; export -p > %[1]q.$$ && mv %[1]q.$$ %[1]q; exit $code", s.state, text)
	c := exec.Command("bash", "-c", script)
	c.Dir, c.Env = folder, s.env
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// A process is a command that runs.
type process struct {
	*exec.Cmd
	text   string
	output output
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

// tail returns the last lines of the output.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.SplitAfter(o.buffer.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "")
}

func (o *output) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.buffer.String(), text)
}

// start starts a command in a folder of the clone. It is killed when the test ends.
func (s *session) start(folder, text string) *process {
	s.t.Helper()
	p := &process{Cmd: s.command(folder, text), text: text, ended: make(chan struct{})}
	p.Stdout, p.Stderr = &p.output, &p.output
	if err := p.Start(); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		select {
		case <-p.ended:
		default:
			_ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
			<-p.ended
		}
	})
	return p
}

// interrupt does what Ctrl-C does. A process that has just ended by itself is no error: its exit
// code tells how.
func (p *process) interrupt() error {
	if err := syscall.Kill(-p.Process.Pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// wait returns the exit code, 128 + n after signal n as in a shell, or an error after the limit. It
// ends the test when its time is over.
func (s *session) wait(p *process, limit time.Duration) (int, error) {
	select {
	case <-p.ended:
		s.cpu += p.ProcessState.UserTime() + p.ProcessState.SystemTime()
		if signal := p.ProcessState.Sys().(syscall.WaitStatus).Signal(); signal >= 0 {
			return 128 + int(signal), nil
		}
		return p.ProcessState.ExitCode(), nil
	case <-s.over:
		s.t.Skipf("NOT FINISHED: the time is over in %s", p.text)
		return 0, nil
	case <-time.After(limit):
		return 0, errors.New("still running after " + limit.String())
	}
}

// Bounds of a command and of the first one of README.md, which compiles everything and
// trains, on a machine that is busy.
const (
	limit      = 10 * time.Minute
	firstLimit = time.Hour
)

// expect waits for a command that must succeed, or fail.
func (s *session) expect(p *process, limit time.Duration, fails bool) {
	s.t.Helper()
	code, err := s.wait(p, limit)
	if err != nil || (code != 0) != fails {
		s.t.Fatalf("%s: exit code %d, %v\n%s", p.text, code, err, p.output.tail())
	}
}

// run runs a command that must succeed.
func (s *session) run(folder, text string) {
	s.t.Helper()
	s.expect(s.start(folder, text), limit, false)
}

// until waits until a condition holds while a process runs.
func (s *session) until(what string, holds func() bool, p *process, limit time.Duration) {
	s.t.Helper()
	for began := time.Now(); !holds(); time.Sleep(100 * time.Millisecond) {
		select {
		case <-p.ended:
			if holds() { // since it was asked
				return
			}
			s.t.Fatalf("%s: it ended before %s\n%s", p.text, what, p.output.tail())
		case <-s.over:
			s.t.Skipf("NOT FINISHED: the time is over in %s", p.text)
		default:
		}
		if time.Since(began) > limit {
			s.t.Fatalf("%s: %s: not after %v\n%s", p.text, what, limit, p.output.tail())
		}
	}
}

// finish ends what runs in the background, the last one first.
func (s *session) finish(running []background) {
	s.t.Helper()
	for _, p := range slices.Backward(running) {
		select {
		case <-p.ended: // such as a worker that was asked to leave
		default:
			if p.isEnded {
				if err := p.interrupt(); err != nil {
					s.t.Fatal(err)
				}
			}
		}
		code, err := s.wait(p.process, limit)
		if isInterrupted := p.isEnded && code == 130; err != nil || code != 0 && !isInterrupted {
			s.t.Fatalf("%s: exit code %d, %v\n%s", p.text, code, err, p.output.tail())
		}
	}
}

// background is a process that runs while others do.
type background struct {
	*process
	isEnded bool // by Ctrl-C
}
