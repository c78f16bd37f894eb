//go:build unix

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"spiqsweep/coordinator/store/storetest/postgres"
)

// troupe are the processes of a sweep. Whoever dies before the end is started
// again, as a service manager would.
type troupe struct {
	*run
	workers      []*process
	coordinators []*process
	client       *process // of coordinators without a grid; nil if the only one has it and writes the tables

	startCoordinator func(i int, failpoint string) *process
	startClient      func(failpoint string) *process
	database         *postgres.Server
}

// newTroupe is one coordinator with its store in a file.
func newTroupe(r *run) *troupe {
	c := &troupe{run: r, coordinators: make([]*process, 1)}
	c.startCoordinator = func(_ int, failpoint string) *process { return r.listening(failpoint) }
	return c
}

// newTroupeOnPostgreSQL is two coordinators on one database, and a client that
// submits the sweep to them.
func newTroupeOnPostgreSQL(r *run) *troupe {
	database := postgres.Start(r.T)
	c := &troupe{run: r, coordinators: make([]*process, 2), database: database}
	folder := filepath.Join(filepath.Dir(r.folder), "serve")
	addresses := []string{freeAddress(r.T), freeAddress(r.T)}
	c.startCoordinator = func(i int, failpoint string) *process {
		p := start(r.T, failpoint, "coordinator", "serve", "--store", database.URL("postgres"), "--listen", addresses[i],
			"--out", folder, "--lease-term", leaseTerm.String(), "--log-level", "debug")
		p.until("it serves", func() bool { return strings.Contains(p.output.String(), "serving") })
		return p
	}
	c.startClient = func(failpoint string) *process {
		return start(r.T, failpoint, "coordinator", "--grid", r.grid, "--out", r.folder,
			"--coordinator", filepath.Join(folder, "operator.json"), "--log-level", "debug")
	}
	c.workerFile = filepath.Join(folder, "worker.json")
	return c
}

// begin starts everybody. One of a role is to meet its end, or a pause, at a
// failpoint; it is returned, nil for the database.
func (c *troupe) begin(role, failpoint string) (victim *process) {
	c.Helper()
	at := func(mine string) (mortal string) {
		if mine == role {
			mortal, failpoint = failpoint, "" // one of them is enough
		}
		return mortal
	}
	if c.startClient == nil && role == "client" {
		role = "coordinator"
	}
	last := len(c.coordinators) - 1 // whoever starts last is called first
	for i := range last {
		c.coordinators[i] = c.startCoordinator(i, "")
	}
	c.coordinators[last] = c.startCoordinator(last, at("coordinator"))
	if c.startClient != nil {
		c.client = c.startClient(at("client"))
	}
	for range 2 {
		c.workers = append(c.workers, c.worker(at("worker")))
	}
	return map[string]*process{"coordinator": c.coordinators[last], "worker": c.workers[0], "client": c.client}[role]
}

// last is the process whose end is that of the sweep.
func (c *troupe) last() *process {
	if c.client != nil {
		return c.client
	}
	return c.coordinators[0] // the only one
}

// finish keeps everybody alive until the sweep is whole.
func (c *troupe) finish() {
	c.Helper()
	for deadline := time.Now().Add(patience); !c.whole(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatal("the sweep does not become whole")
		}
		c.replaceTheDead()
	}
}

// whole says whether the last process has ended well.
func (c *troupe) whole() bool {
	last := c.last()
	select {
	case <-last.ended:
		return last.cmd.ProcessState.ExitCode() == 0
	default:
		return false
	}
}

func (c *troupe) replaceTheDead() {
	c.Helper()
	for i, p := range c.coordinators {
		if p.dead() {
			c.coordinators[i] = c.startCoordinator(i, "")
		}
	}
	if c.client != nil && c.client.dead() {
		c.client = c.startClient("")
	}
	for i, p := range c.workers {
		if p.dead() {
			c.workers[i] = c.worker("")
		}
	}
}

// untilDone waits until so many results were taken, by what the workers say.
func (c *troupe) untilDone(tasks int) {
	c.Helper()
	c.workers[0].until(fmt.Sprint(tasks, " tasks are done"), func() bool {
		done := 0
		for _, w := range c.workers {
			done += strings.Count(w.output.String(), "report is taken")
		}
		return done >= tasks
	})
}

// restartDatabase kills the server as a crash would, and starts it again.
func (c *troupe) restartDatabase() {
	c.Helper()
	if err := c.database.Kill(); err != nil {
		c.Fatal(err)
	}
	if err := c.database.Start(context.Background()); err != nil {
		c.Fatal(err)
	}
}

// hasEnded reports whether the process has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// dead says whether the process has ended, but not well.
func (p *process) dead() bool {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode() != 0
	default:
		return false
	}
}

// killed says whether the process was ended by SIGKILL.
func (p *process) killed() bool {
	select {
	case <-p.ended:
		status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		return ok && status.Signal() == syscall.SIGKILL // -1 of one that left
	default:
		return false
	}
}

// frozen says whether the process is stopped by a signal.
func (p *process) frozen() bool {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		p.t.Skip("skipped: needs Linux's /proc")
	}
	body, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return false // it has ended
	}
	_, state, _ := bytes.Cut(body, []byte(") "))
	return bytes.HasPrefix(state, []byte("T"))
}
