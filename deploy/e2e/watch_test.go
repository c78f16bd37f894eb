//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spiqsweep/coordinator/app"
	"spiqsweep/deploy/needs"
)

// screen is a terminal of tmux in which a shell runs.
type screen struct {
	t      *testing.T
	tmux   string
	socket string
	runs   int // commands whose exit codes were printed
}

// newScreen starts a shell on a terminal of 80 × 24, with further variables of its environment.
// The shell and tmux end with the test.
func newScreen(t *testing.T, variables ...string) *screen {
	t.Helper()
	tmux := needs.Program(t, "tmux", "tmux")
	folder, err := os.MkdirTemp("", "tmux") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, tmux: tmux, socket: filepath.Join(folder, "socket")}
	t.Cleanup(func() {
		_ = s.command("kill-server").Run()
		_ = os.RemoveAll(folder)
	})
	arguments := []string{"-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24"}
	for _, v := range append(variables, "PS1=shell$ ") {
		arguments = append(arguments, "-e", v)
	}
	s.must(append(arguments, "sh", "-i")...)
	s.waitFor("the shell", "shell$")
	s.run("PATH=" + programs + ":$PATH") // which tmux sets itself
	return s
}

func (s *screen) command(arguments ...string) *exec.Cmd {
	return exec.Command(s.tmux, append([]string{"-S", s.socket}, arguments...)...)
}

// must runs a command of tmux and returns what it prints.
func (s *screen) must(arguments ...string) string {
	s.t.Helper()
	said, err := s.command(arguments...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %v: %v: %s", arguments, err, said)
	}
	return string(said)
}

// keys presses keys, by their names in tmux.
func (s *screen) keys(names ...string) {
	s.t.Helper()
	s.must(append([]string{"send-keys"}, names...)...)
}

// run types a command line.
func (s *screen) run(line string) {
	s.t.Helper()
	s.must("send-keys", "-l", line)
	s.keys("Enter")
}

// watch types a command line whose exit code restored waits for.
func (s *screen) watch(line string) {
	s.t.Helper()
	s.runs++
	s.run(fmt.Sprintf(`%s; echo "code%d=$?"`, line, s.runs))
}

// lines returns what the terminal shows.
func (s *screen) lines() []string {
	s.t.Helper()
	return strings.Split(strings.TrimSuffix(s.must("capture-pane", "-p"), "\n"), "\n")
}

// until waits until the terminal shows something.
func (s *screen) until(what string, shown func(lines []string) bool) {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout); ; time.Sleep(20 * time.Millisecond) {
		lines := s.lines()
		if shown(lines) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s; the terminal shows\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

// waitFor waits until the terminal shows all texts.
func (s *screen) waitFor(what string, texts ...string) {
	s.t.Helper()
	s.until(what, func([]string) bool {
		all := s.must("capture-pane", "-p", "-J") // with wrapped lines joined
		for _, text := range texts {
			if !strings.Contains(all, text) {
				return false
			}
		}
		return true
	})
}

// restored waits for the exit code of the last command, and checks that the terminal is as a shell
// needs it.
func (s *screen) restored(code int) {
	s.t.Helper()
	s.waitFor("the exit code", fmt.Sprintf("code%d=%d", s.runs, code))
	if s.must("display-message", "-p", "#{alternate_on}") != "0\n" {
		s.t.Error("the alternate screen is still shown")
	}
	tty, err := os.OpenFile(strings.TrimSpace(s.must("display-message", "-p", "#{pane_tty}")), os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer tty.Close()
	if mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS); err != nil || mode.Lflag&unix.ICANON == 0 || mode.Lflag&unix.ECHO == 0 {
		s.t.Errorf("the terminal is left raw: %v", err)
	}
}

// child returns the process that the shell runs.
func (s *screen) child() int {
	s.t.Helper()
	shell := strings.TrimSpace(s.must("display-message", "-p", "#{pane_pid}"))
	var pid int
	s.until("a child of the shell", func([]string) bool {
		body, err := os.ReadFile(filepath.Join("/proc", shell, "task", shell, "children"))
		if err != nil {
			s.t.Skipf("skipped: needs Linux's /proc: %v", err)
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(body)))
		return err == nil
	})
	return pid
}

// isStopped reports whether a process is stopped, as /proc has it.
func isStopped(pid int) bool {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(body), ") ")
	return err == nil && strings.HasPrefix(state, "T")
}

// watched is a sweep that does not end during a test.
var watched = &sweepSpec{grid: `
sweep "watched" {
  grid {
    neurons   = [2, 4]
    timesteps = [4]
    k         = [0, 1]
  }
  training {
    steps = 900000
  }
}
`}

// TestWatchOnATerminal watches a sweep on a terminal: keys, sizes, and every way to leave.
func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	needsHangUp(t)
	r := newRun(t, watched)
	s := newScreen(t)
	c := r.coordinator("", "--local", "1")
	r.until(c, "a task runs", func(s app.Status) bool { return s.Tasks.Running > 0 })
	watch := "coordinator status --watch --out " + r.folder

	s.watch(watch)
	s.waitFor("the table", "1 running", "configuration", "n=", "q quit")
	s.keys("?")
	s.waitFor("the help", "leave; the sweep goes on")
	s.keys("Escape")
	s.waitFor("the table again", "sorted by grid")
	s.keys("s", "s", "r")
	s.waitFor("another order", "sorted by running, reversed")
	s.keys("e")
	s.waitFor("another statistic", "(2 of ")
	s.keys("/")
	s.must("send-keys", "-l", "no such")
	s.waitFor("an empty table", "no configuration has this text", "filter: no such_")
	s.keys("Escape")
	s.waitFor("the whole table", "n=")
	s.keys("w")
	s.waitFor("the workers", "last seen", "step")
	s.keys("Escape") // followed immediately by another key, it would be Alt
	s.waitFor("the table again", "sorted by")
	s.keys("Enter")
	s.waitFor("the log", "attempts of n=")
	s.keys("Escape")
	for _, size := range [][2]int{{40, 10}, {200, 50}, {20, 4}, {80, 24}} {
		s.must("resize-window", "-x", strconv.Itoa(size[0]), "-y", strconv.Itoa(size[1]))
		s.until(fmt.Sprintf("a table of %v", size), func(lines []string) bool {
			last := len(lines) > 0 && strings.HasPrefix(lines[len(lines)-1], "q quit") || size[1] < 5
			return len(lines) == size[1] && strings.HasPrefix(lines[0], "watched: ") && last && (size[0] < 200 || strings.Contains(lines[3], "progress"))
		})
	}
	pid, stops := s.child(), 0
	for name, suspend := range map[string]func(){
		"the key":    func() { s.keys("C-z") },
		"the signal": func() { _ = syscall.Kill(pid, syscall.SIGTSTP) },
	} {
		suspend()
		s.until(name+" stops the process", func([]string) bool { return isStopped(pid) })
		stops++
		s.until("the prompt of the shell", func([]string) bool {
			said := s.must("capture-pane", "-p", "-J")
			return strings.Count(said, "topped") == stops && strings.HasSuffix(strings.TrimSpace(said), "shell$")
		})
		if s.must("display-message", "-p", "#{alternate_on}") != "0\n" {
			t.Errorf("after %s, the alternate screen is still shown", name)
		}
		s.run("fg")
		s.waitFor("the table after fg", "q quit", "watched: ")
	}
	s.keys("q")
	s.until("the shell", func([]string) bool { return s.must("display-message", "-p", "#{alternate_on}") == "0\n" })
	s.watch("(exit $?)")
	s.restored(0)

	s.watch(watch)
	s.waitFor("the table", "q quit")
	s.keys("C-c")
	s.restored(0)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		s.watch(watch)
		s.waitFor("the table", "q quit")
		if err := kill(s.child(), signal); err != nil {
			t.Fatal(err)
		}
		s.restored(130)
	}

	s.watch(watch)
	s.waitFor("the table", "q quit")
	pid = s.child()
	s.must("kill-server")
	c.until("the watching process ends with its terminal", func() bool { return syscall.Kill(pid, 0) != nil })
	c.signal(syscall.SIGINT)
	c.expect(130)
}

// TestWatchFollowsCoordinators watches an output folder while its coordinators end and start, and
// one of them at its address.
func TestWatchFollowsCoordinators(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	s := newScreen(t)
	c := r.listening("")
	s.watch("coordinator status --watch --out " + r.folder)
	s.waitFor("a sweep without workers", "small: 0 of 16 done", "no worker is present")
	remote := newScreen(t, "NO_COLOR=1")
	remote.watch("coordinator status --watch --coordinator " + filepath.Join(r.folder, "operator.json"))
	remote.waitFor("the same sweep", "small: 0 of 16 done")
	coloured := newScreen(t)
	coloured.watch("coordinator status --watch --coordinator " + filepath.Join(r.folder, "operator.json"))
	coloured.waitFor("the same sweep", "small: 0 of 16 done")
	c.signal(syscall.SIGKILL)
	c.expect(killed)
	s.waitFor("the stored state", "small: 0 of 16 done", "no coordinator is running")
	remote.waitFor("the last state and why", "small: 0 of 16 done", "trying again")
	coloured.waitFor("the last state and why", "trying again")
	const red = "\x1b[1;31m"
	if text := coloured.must("capture-pane", "-p", "-e"); !strings.Contains(text, "31m") {
		t.Errorf("the lost connection is not marked by %q: %q", red, text)
	}
	if text := remote.must("capture-pane", "-p", "-e"); strings.Contains(text, "31m") {
		t.Errorf("there is a colour in spite of NO_COLOR: %q", text)
	}
	c = r.coordinator("", "--local", "2")
	s.waitFor("the end", "small: 16 of 16 done", "the sweep has ended: q leaves")
	s.keys("q")
	s.restored(0)
	c.expect(0)
}

// TestWatchPrintsLines watches a sweep where no cursor can be moved, until the sweep ends.
func TestWatchPrintsLines(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	s := newScreen(t)
	c := r.listening("")
	s.watch("TERM=dumb coordinator status --watch --out " + r.folder)
	s.waitFor("a line", "0 of 16 tasks done, 0 running, 16 pending, 0 failed, 0 diverged, 0 workers; no worker is present")
	piped := newScreen(t)
	lines := filepath.Join(t.TempDir(), "lines")
	piped.watch("coordinator status --watch --out " + r.folder + " | cat > " + lines)
	objects := start(t, "", "coordinator", "status", "--watch", "--json", "--out", r.folder)
	objects.until("an object is printed", func() bool { return strings.Contains(objects.output.String(), "\n") })
	w := r.worker("")
	for _, end := range []*process{c, w, objects} {
		end.expect(0)
	}
	s.waitFor("the end", "16 of 16 tasks done", "code1=0")
	piped.waitFor("the end", "code1=0")
	body, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(string(body), "\n")
	if !strings.Contains(text[strings.LastIndex(text, "\n")+1:], "16 of 16 tasks done") || strings.Contains(text, "\x1b") {
		t.Errorf("the pipe has %q", text)
	}
	said := strings.Split(strings.TrimSuffix(objects.output.String(), "\n"), "\n")
	for i, line := range said {
		if !strings.HasPrefix(line, `{"sweep":`) || !strings.HasSuffix(line, "}") || i > 0 && line == said[i-1] {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

// TestWatchEndsWithItsReader closes the pipe after the first line, as `| head -1` does.
func TestWatchEndsWithItsReader(t *testing.T) {
	t.Parallel()
	r := newRun(t, watched)
	c := r.listening("")
	for _, arguments := range [][]string{{"status", "--watch"}, {"status", "--watch", "--json"}} {
		p := newProcess(t, "", "coordinator", append(arguments, "--out", r.folder)...)
		p.cmd.Stdout = nil
		out, err := p.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.begin()
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line == "" {
			t.Fatalf("%v: %q, %v", arguments, line, err)
		}
		if err := out.(io.Closer).Close(); err != nil {
			t.Fatal(err)
		}
		p.expect(-int(syscall.SIGPIPE))
		if said := p.output.String(); said != "" {
			t.Errorf("%v says %q", arguments, said)
		}
	}
	c.signal(syscall.SIGINT)
	c.expect(130)
}
