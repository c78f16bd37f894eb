//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/needs"
	"spiqsweep/proto/credentials"
)

// site is an output folder from which coordinators without a grid serve a store.
type site struct {
	*testing.T
	folder string
	store  string
}

func newSite(t *testing.T, store string) *site {
	return &site{T: t, folder: filepath.Join(t.TempDir(), "serve"), store: store}
}

// serve starts a coordinator and waits until it serves.
func (s *site) serve(flags ...string) (p *process, address string) {
	s.Helper()
	address = needs.Address(s.T)
	arguments := []string{"serve", "--listen", address, "--out", s.folder, "--lease-term", "2s", "--log-level", "debug"}
	if s.store != "" {
		arguments = append(arguments, "--store", s.store)
	}
	p = start(s.T, "", "coordinator", append(arguments, flags...)...)
	p.until("it serves", func() bool { return strings.Contains(p.output.String(), "submit sweeps with") })
	return p, address
}

func (s *site) worker() *process {
	s.Helper()
	return start(s.T, "", "worker", "--coordinator", filepath.Join(s.folder, "worker.json"), "--slots", "1", "--log-level", "debug")
}

// at returns the place of one coordinator of the site.
func (s *site) at(address string) app.Place {
	s.Helper()
	file, err := credentials.Load(filepath.Join(s.folder, "operator.json"))
	if err != nil {
		s.Fatal(err)
	}
	return app.Place{Coordinator: file.At(address)}
}

// until waits until the only sweep of the site reaches a state, by the coordinator at
// an address.
func (s *site) until(c *process, address, what string, reached func(app.Status) bool) {
	s.Helper()
	place := s.at(address)
	c.until(what, func() bool {
		status, running, err := place.Ask(s.Context())
		return err == nil && running && reached(status)
	})
}

// submit starts a client that submits the sweep to a site and follows it.
func (r *run) submit(s *site) *process {
	r.Helper()
	arguments := []string{"--grid", r.grid, "--out", r.folder, "--coordinator", filepath.Join(s.folder, "operator.json"), "--log-level", "debug"}
	return start(r.T, "", "coordinator", append(arguments, r.sweep.flags...)...)
}

// commandOutput runs a command, which must succeed, and returns its output.
func commandOutput(t *testing.T, arguments ...string) string {
	t.Helper()
	p := start(t, "", "coordinator", arguments...)
	p.expect(0)
	return p.output.String()
}

func TestSubmittedSweep(t *testing.T) {
	t.Parallel()
	s, r := newSite(t, ""), newRun(t, small)
	server, address := s.serve("--local", "1")
	follower := r.submit(s)
	s.until(server, address, "a third is done", aThirdDone)

	// The sweep continues without its follower.
	follower.signal(syscall.SIGINT)
	follower.expect(130)
	if said := follower.output.String(); !strings.Contains(said, "the sweep goes on at "+address) {
		t.Errorf("the follower does not say that the sweep goes on")
	}
	last := start(t, "", "coordinator", "--grid", r.grid, "--out", r.folder) // the folder remembers the coordinator
	last.expect(0)
	r.checkComplete()
	if said := commandOutput(t, "status", "--out", r.folder); !strings.Contains(said, "16 of 16 tasks done") {
		t.Errorf("status printed\n%s", said)
	}
	server.signal(syscall.SIGTERM)
	server.expect(0)
	if said := commandOutput(t, "list", "--out", s.folder); !strings.Contains(said, "16 of 16") {
		t.Errorf("list without a running coordinator printed\n%s", said)
	}
}

func TestTwoSweepsShareTheirTasks(t *testing.T) {
	t.Parallel()
	half := &sweepSpec{
		grid: strings.NewReplacer(`"small"`, `"half"`, "[2, 4]", "[2]").Replace(small.grid),
		rows: 8,
	}
	s, whole, part := newSite(t, ""), newRun(t, small), newRun(t, half)
	server, _ := s.serve()
	first, second := whole.submit(s), part.submit(s)
	worker := s.worker()
	first.expect(0)
	second.expect(0)
	worker.expect(0)
	whole.checkComplete()
	part.checkComplete()
	accepted := map[string]string{}
	for _, a := range whole.attempts() {
		accepted[a["task"]] = a["process"] + a["attempt"]
	}
	for _, a := range part.attempts() {
		if accepted[a["task"]] != a["process"]+a["attempt"] {
			t.Errorf("task %s was trained for each sweep", a["task"])
		}
	}
	said := commandOutput(t, "list", "--out", s.folder)
	if !strings.Contains(said, "16 of 16") || !strings.Contains(said, "8 of 8") {
		t.Errorf("list printed\n%s", said)
	}
	commandOutput(t, "delete", "half", "--out", s.folder)
	if said := commandOutput(t, "list", "--out", s.folder, "--json"); strings.Contains(said, `"half"`) || !strings.Contains(said, `"small"`) {
		t.Errorf("after the deletion of half, list printed\n%s", said)
	}
	server.signal(syscall.SIGTERM)
	server.expect(0)
}

// twoCoordinators starts a sweep on two coordinators of one database, with two
// workers that know both, and waits until a third of the tasks is done. It returns
// the coordinator that the workers call, the other and its address, and the workers
// and the client.
func twoCoordinators(t *testing.T) (s *site, r *run, called, other *process, at string, rest []*process) {
	t.Helper()
	s, r = newSite(t, postgres.Database(t)), newRun(t, small)
	small.results(t)
	other, at = s.serve()
	called, _ = s.serve() // the last to start is called first
	rest = []*process{s.worker(), s.worker(), r.submit(s)}
	s.until(other, at, "a third is done", aThirdDone)
	return s, r, called, other, at, rest
}

// progress waits until another result is accepted, and returns the time that took.
func (s *site) progress(c *process, at string) time.Duration {
	s.Helper()
	before, began := uint64(0), time.Now()
	s.until(c, at, "the other coordinator answers", func(status app.Status) bool {
		before = status.Tasks.Done
		return true
	})
	s.until(c, at, "results are accepted", func(status app.Status) bool {
		return status.Tasks.Done > before
	})
	return time.Since(began)
}

func TestOneOfTwoCoordinatorsDies(t *testing.T) {
	t.Parallel()
	s, r, called, other, at, rest := twoCoordinators(t)
	called.signal(syscall.SIGKILL)
	called.expect(killed)
	t.Logf("the next result was accepted after %v", s.progress(other, at))
	for _, p := range rest {
		p.expect(0)
	}
	r.checkComplete()
	other.signal(syscall.SIGTERM)
	other.expect(0)
}

func TestOneOfTwoCoordinatorsFreezes(t *testing.T) {
	t.Parallel()
	s, r, called, other, at, rest := twoCoordinators(t)
	called.signal(syscall.SIGSTOP)
	began := time.Now()
	t.Logf("the next result was accepted after %v", s.progress(other, at))
	// Freeze for longer than the lease term, so that its leases are lost.
	other.until("the freeze is over", func() bool { return time.Since(began) > 3*time.Second })
	called.signal(syscall.SIGCONT)
	for _, p := range rest {
		p.expect(0)
	}
	r.checkComplete()
	for _, p := range []*process{called, other} {
		p.signal(syscall.SIGTERM)
		p.expect(0)
	}
}

// TestGivenKeys has a coordinator take its keys from a folder that nobody may change, as an
// orchestrator mounts a secret, and workers and commands use the files made beforehand.
func TestGivenKeys(t *testing.T) {
	t.Parallel()
	s, r := newSite(t, ""), newRun(t, small)
	address := needs.Address(t)
	_, port, _ := strings.Cut(address, ":")
	keys := filepath.Join(t.TempDir(), "keys")
	commandOutput(t, "keys", "--advertise", address, "--out", keys)
	needs.Unwritable(t, keys)

	server := start(t, "", "coordinator", "serve", "--listen", "0.0.0.0:"+port, "--out", s.folder, "--keys", keys, "--log-level", "debug")
	probe := []string{"health", "--coordinator", address, "--credentials", filepath.Join(keys, "operator.json")}
	server.until("it is healthy", func() bool {
		p := start(t, "", "coordinator", probe...)
		return p.wait() == 0 && strings.Contains(p.output.String(), "\tserving\n")
	})
	worker := start(t, "", "worker", "--coordinator", filepath.Join(keys, "worker.json"), "--slots", "1", "--stay")
	client := start(t, "", "coordinator", "--grid", r.grid, "--out", r.folder, "--coordinator", filepath.Join(keys, "operator.json"))
	client.expect(0)
	r.checkComplete()
	worker.signal(syscall.SIGTERM)
	worker.expect(0)
	server.signal(syscall.SIGTERM)
	server.expect(0)
	p := start(t, "", "coordinator", probe...)
	p.expect(1)
	if said := p.output.String(); !strings.Contains(said, "not serving: ") || !strings.Contains(said, "connection refused") {
		t.Errorf("of a coordinator that has ended, health printed %q", said)
	}
}

func TestKeysArePrivate(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	server, _ := s.serve()
	for _, name := range []string{"worker.json", "operator.json"} {
		info, err := os.Stat(filepath.Join(s.folder, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	server.signal(syscall.SIGTERM)
	server.expect(0)
}
