//go:build linux

package hosts

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/pace"
)

// grid is a sweep of eight tasks, of a second each or less. All have the same recording,
// which a slow cable carries in seconds.
const grid = `
sweep "hosts" {
  replicates = 2
  grid {
    neurons   = [2]
    timesteps = [1, 4]
    k         = [0, 1]
  }
  training {
    steps = 4000
  }
}
`

// sweepSpec is a grid, and the results.csv of its run on one machine.
type sweepSpec struct {
	grid  string
	local func() (string, error)
}

func newSpec(grid string) sweepSpec {
	return sweepSpec{grid, sync.OnceValues(func() (string, error) { return runLocally(grid) })}
}

var short = newSpec(grid)

// newLong returns a sweep that does not end while commands run over ssh.
func newLong(t *testing.T) sweepSpec {
	t.Helper()
	steps, err := pace.Steps(2, 4, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return newSpec(strings.Replace(grid, "steps = 4000", fmt.Sprintf("steps = %d", steps), 1))
}

// runLocally returns the results.csv of a grid.
func runLocally(grid string) (string, error) {
	folder, err := os.MkdirTemp(programs, "local")
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "grid.hcl")
	if err := os.WriteFile(file, []byte(grid), 0o600); err != nil {
		return "", err
	}
	command := exec.Command(filepath.Join(programs, "coordinator"), "--grid", file, "--out", filepath.Join(folder, "out"), "--local", "1")
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the local run: %w: %s", err, said)
	}
	body, err := os.ReadFile(filepath.Join(folder, "out", "results.csv"))
	return string(body), err
}

// sweepRun is a sweep on three hosts.
type sweepRun struct {
	*network
	spec   sweepSpec
	folder string // of the files, which all hosts see
	out    string // the sweep's folder, in folder
	keys   string // the folder with worker.json and operator.json, in folder
	p      *process
}

// newSweep starts a coordinator on its host, with a lease term.
func newSweep(n *network, leaseTerm time.Duration) *sweepRun {
	n.t.Helper()
	return newSweepOf(short, n, leaseTerm)
}

func newSweepOf(spec sweepSpec, n *network, leaseTerm time.Duration) *sweepRun {
	n.t.Helper()
	s := &sweepRun{network: n, spec: spec, folder: n.t.TempDir(), out: "out", keys: "out"}
	s.write("grid.hcl", s.spec.grid, 0o600)
	s.startCoordinator(leaseTerm)
	return s
}

func (s *sweepRun) startCoordinator(leaseTerm time.Duration) {
	s.t.Helper()
	s.p = s.coordinator.start("coordinator", "--grid", s.path("grid.hcl"), "--out", s.path("out"), "--listen", "0.0.0.0:7473",
		"--lease-term", leaseTerm.String(), "--log-level", "debug")
	s.p.untilSaid("workers on other machines call coordinator:7473")
}

func (s *sweepRun) path(name string) string { return filepath.Join(s.folder, name) }

// write writes a file, creates its folder, and returns its path.
func (s *sweepRun) write(name, body string, mode os.FileMode) string {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(body), mode); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

func (s *sweepRun) worker(h *host) *process {
	s.t.Helper()
	return h.start("worker", "--coordinator", s.path("out/worker.json"), "--slots", "1", "--log-level", "debug")
}

// isolated is what a fault does that lasts longer than a lease.
type isolated struct {
	first, second *process
	task          string // the task of the first worker that the second was granted too
}

var grantOf = regexp.MustCompile(`lease is granted: task=(\w+) attempt=2 process=(\w+)`)

// isolate runs a worker, separates it from the coordinator while it trains, and waits until a
// call of it has failed, another worker is granted its task, and the first has finished it. The
// second is frozen then, so that the first result arrives when the second attempt is not done.
func (s *sweepRun) isolate(separate func()) isolated {
	s.t.Helper()
	i := isolated{first: s.worker(s.w1)}
	i.first.untilSaid("the first step is done")
	separate()
	i.first.untilSaid(callFailed)
	i.second = s.worker(s.w2)
	s.p.until("a lease of the first worker has expired and is granted again", func(said string) bool { return grantOf.MatchString(said) })
	i.second.signal(syscall.SIGSTOP)
	i.task = grantOf.FindStringSubmatch(s.p.said())[1]
	i.first.until("the first worker has finished the task", func(said string) bool {
		return regexp.MustCompile(`task is done: .*task=` + i.task).MatchString(said)
	})
	return i
}

// finish checks that the sweep ends with the results of a local run, and returns the
// outcomes in attempts.csv.
func (s *sweepRun) finish(workers ...*process) map[string]int {
	s.t.Helper()
	s.p.expect(0)
	want, err := s.spec.local()
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(want, s.read(s.out+"/results.csv")); diff != "" {
		s.t.Errorf("results.csv differs from that of a local run (-want +got):\n%s", diff)
	}
	rows, err := csv.NewReader(strings.NewReader(s.read(s.out + "/attempts.csv"))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, row := range rows[1:] {
		outcomes[row[3]]++
	}
	if outcomes["accepted"] != 8 {
		s.t.Errorf("attempts.csv has %v, want 8 accepted", outcomes)
	}
	for _, token := range regexp.MustCompile(`"token": "([^"]+)"`).FindAllStringSubmatch(s.read(s.keys+"/worker.json")+s.read(s.keys+"/operator.json"), -1) {
		for _, p := range append(workers, s.p) {
			if strings.Contains(p.said(), token[1]) {
				s.t.Errorf("%s prints a token", p.name)
			}
		}
	}
	return outcomes
}

func (s *sweepRun) read(name string) string {
	s.t.Helper()
	body, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// What a worker prints when a call has failed, and when one has succeeded after that.
const (
	callFailed   = "cannot reach the coordinator"
	callRepeated = "in touch with the coordinator"
)

// wantRetry checks that a worker had a call that failed, and came back.
func wantRetry(p *process) {
	p.t.Helper()
	if _, after, failed := strings.Cut(p.said(), callFailed); !failed || !strings.Contains(after, callRepeated) {
		p.t.Errorf("%s: no call failed and was repeated", p.name)
	}
}

// wantOutcomes checks that attempts have each of some outcomes.
func wantOutcomes(t *testing.T, got map[string]int, want ...string) {
	t.Helper()
	for _, outcome := range want {
		if got[outcome] == 0 {
			t.Errorf("no attempt is %s, but %v: the test did not cause what it is about", outcome, got)
		}
	}
}

const shortLease = 3 * time.Second

// TestFaults runs a sweep under each fault.
func TestFaults(t *testing.T) {
	needsHosts(t)
	longerThanLease := func(separate, join func(n *network)) func(t *testing.T) {
		return func(t *testing.T) {
			s := newSweep(newNetwork(t, nil), shortLease)
			i := s.isolate(func() { separate(s.network) })
			join(s.network)
			s.p.until("the result of the first worker is late", func(said string) bool {
				return regexp.MustCompile(`report came late: task=` + i.task + ` attempt=1`).MatchString(said)
			})
			i.second.signal(syscall.SIGCONT)
			outcomes := s.finish(i.first, i.second)
			wantOutcomes(t, outcomes, "late")
			wantRetry(i.first)
		}
	}
	for name, run := range map[string]func(t *testing.T){
		"cut for 5 s": func(t *testing.T) {
			s := newSweep(newNetwork(t, nil), time.Minute)
			first := s.worker(s.w1)
			first.untilSaid("the first step is done")
			second := s.worker(s.w2)
			s.w1.cut()
			time.Sleep(5 * time.Second) // the fault itself
			s.w1.plug()
			if outcomes := s.finish(first, second); len(outcomes) != 1 {
				t.Errorf("attempts.csv has %v: a cut that is shorter than a lease has no trace", outcomes)
			}
		},
		"cut for longer than a lease": longerThanLease(func(n *network) { n.w1.cut() }, func(n *network) { n.w1.plug() }),
		"requests lost": longerThanLease(
			func(n *network) { n.coordinator.filter("ip saddr "+w1Address, "drop") }, func(n *network) { n.coordinator.unfilter() }),
		"answers lost": longerThanLease(
			func(n *network) { n.w1.filter("ip saddr "+coordinatorAddress, "drop") }, func(n *network) { n.w1.unfilter() }),
		"half-open connections": func(t *testing.T) {
			s := newSweep(newNetwork(t, nil), shortLease)
			first := s.worker(s.w1)
			first.untilSaid("the first step is done")
			second := s.worker(s.w2)
			second.untilSaid(callRepeated)
			// The machine of the coordinator loses its power: no packet tells the workers.
			s.coordinator.cut()
			s.p.signal(syscall.SIGKILL)
			<-s.p.ended
			s.startCoordinator(shortLease)
			s.coordinator.plug()
			s.finish(first, second)
			wantRetry(first)
		},
		"loss of 20 %": func(t *testing.T) {
			n := newNetwork(t, nil)
			n.coordinator.filter("numgen random mod 100 < 20", "drop")
			n.w1.filter("numgen random mod 100 < 20", "drop")
			n.w2.filter("numgen random mod 100 < 20", "drop")
			s := newSweep(n, time.Minute)
			s.finish(s.worker(s.w1), s.worker(s.w2))
			if n.coordinator.filtered() == 0 || n.w1.filtered()+n.w2.filtered() == 0 {
				t.Error("no packet was lost")
			}
			if n.coordinator.retransmitted() == 0 || n.w1.retransmitted()+n.w2.retransmitted() == 0 {
				t.Error("no packet was sent again")
			}
		},
		"20 kbit per second": func(t *testing.T) {
			n := newNetwork(t, nil)
			n.w1.limit("20kbit") // the other would need as long
			s := newSweep(n, time.Minute)
			first := s.worker(s.w1)
			first.untilSaid("report is accepted") // also over a slow cable, before the other has done all
			s.finish(first, s.worker(s.w2))
			if n.w1.limited() == 0 {
				t.Error("no packet waited for the cable")
			}
		},
		"resets": func(t *testing.T) {
			n := newNetwork(t, nil)
			n.coordinator.filter("tcp dport 7473 numgen inc mod 25 == 24", "reject with tcp reset")
			s := newSweepOf(newLong(t), n, shortLease) // for many calls: a reset between two goes unnoticed
			first, second := s.worker(s.w1), s.worker(s.w2)
			s.finish(first, second)
			if said := first.said() + second.said(); n.coordinator.filtered() == 0 || !strings.Contains(said, callFailed) {
				t.Errorf("%d connections were reset, and no worker noticed", n.coordinator.filtered())
			}
		},
		"delay of 150 ms": func(t *testing.T) {
			c := &cable{delay: 150 * time.Millisecond}
			s := newSweep(newNetwork(t, c.connect(t)), time.Minute)
			first := s.worker(s.w1)
			begun := time.Now()
			first.untilSaid("report is accepted") // SYN, TLS, a grant, the recording, a result: at least five round trips
			if took := time.Since(begun); took < 10*c.delay || c.frames.Load() < 10 {
				t.Errorf("the first result took %v and %d frames over the cable", took, c.frames.Load())
			}
			s.finish(first, s.worker(s.w2))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}
