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
	"spiqsweep/deploy/needs"
)

// fleet is the processes of a sweep. A process that fails before the end is started
// again, as by a service manager.
type fleet struct {
	*run
	workers      []*process
	coordinators []*process
	client       *process // that submits the sweep; nil if the only coordinator has the grid

	startCoordinator func(i int, failpoint string) *process
	startClient      func(failpoint string) *process
	database         *postgres.Server
}

// newFleet returns a fleet of one coordinator with its store in a file.
func newFleet(r *run) *fleet {
	c := &fleet{run: r, coordinators: make([]*process, 1)}
	c.startCoordinator = func(_ int, failpoint string) *process { return r.listening(failpoint) }
	return c
}

// newPostgreSQLFleet returns a fleet of two coordinators on one database, and of a
// client that submits the sweep to them.
func newPostgreSQLFleet(r *run) *fleet {
	database := postgres.Start(r.T)
	c := &fleet{run: r, coordinators: make([]*process, 2), database: database}
	folder := filepath.Join(filepath.Dir(r.folder), "serve")
	addresses := []string{needs.Address(r.T), needs.Address(r.T)}
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

// begin starts all processes, one process of a role with a failpoint. It returns that
// process; nil for the database.
func (c *fleet) begin(role, failpoint string) (victim *process) {
	c.Helper()
	failpointOf := func(started string) (point string) {
		if started == role {
			point, failpoint = failpoint, "" // only for the first of the role
		}
		return point
	}
	if c.startClient == nil && role == "client" {
		role = "coordinator"
	}
	last := len(c.coordinators) - 1 // the last to start is called first
	for i := range last {
		c.coordinators[i] = c.startCoordinator(i, "")
	}
	c.coordinators[last] = c.startCoordinator(last, failpointOf("coordinator"))
	if c.startClient != nil {
		c.client = c.startClient(failpointOf("client"))
	}
	for range 2 {
		c.workers = append(c.workers, c.worker(failpointOf("worker")))
	}
	return map[string]*process{"coordinator": c.coordinators[last], "worker": c.workers[0], "client": c.client}[role]
}

// last returns the process that ends with the sweep.
func (c *fleet) last() *process {
	if c.client != nil {
		return c.client
	}
	return c.coordinators[0] // it has the grid
}

// finish restarts failed processes until the sweep is complete.
func (c *fleet) finish() {
	c.Helper()
	for deadline := time.Now().Add(testTimeout); !c.finished(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("the sweep is not complete after %v", testTimeout)
		}
		c.restartFailed()
	}
}

// finished reports whether the sweep's last process has ended with exit code 0.
func (c *fleet) finished() bool {
	last := c.last()
	select {
	case <-last.ended:
		return last.cmd.ProcessState.ExitCode() == 0
	default:
		return false
	}
}

func (c *fleet) restartFailed() {
	c.Helper()
	for i, p := range c.coordinators {
		if p.failed() {
			c.coordinators[i] = c.startCoordinator(i, "")
		}
	}
	if c.client != nil && c.client.failed() {
		c.client = c.startClient("")
	}
	for i, p := range c.workers {
		if p.failed() {
			c.workers[i] = c.worker("")
		}
	}
}

// untilDone waits until the workers have logged that a number of results were taken.
func (c *fleet) untilDone(tasks int) {
	c.Helper()
	c.workers[0].until(fmt.Sprint(tasks, " tasks are done"), func() bool {
		done := 0
		for _, w := range c.workers {
			done += strings.Count(w.output.String(), "report is accepted")
		}
		return done >= tasks
	})
}

// restartDatabase kills the database server and starts it again.
func (c *fleet) restartDatabase() {
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

// failed reports whether the process has ended with an exit code other than 0.
func (p *process) failed() bool {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode() != 0
	default:
		return false
	}
}

// killed reports whether SIGKILL ended the process.
func (p *process) killed() bool {
	select {
	case <-p.ended:
		status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		return ok && status.Signal() == syscall.SIGKILL // -1 of a process that exited
	default:
		return false
	}
}

// frozen reports whether a signal has stopped the process. It skips the test without
// Linux's /proc.
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
