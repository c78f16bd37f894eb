package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// workersPage is what the page of the workers shows.
type workersPage struct {
	Workforce     queue.Workforce
	Workers       []workerRow
	Unlisted      int // workers that are present and not in Workers
	Hosts         []hostRow
	UnlistedHosts int
	Counting      bool
	Fault         string
}

// workerRow is a present worker.
type workerRow struct {
	queue.Presence
	Short     string // the beginning of its ID
	Seen      string // how long ago it was last seen
	PerSecond string // steps, of all its tasks; "" before the first report
	Running   []runningTask
}

// runningTask is a task that a worker runs.
type runningTask struct {
	Task        sweep.TaskID
	Sweep       string // its ID
	Step, Steps uint64
}

// hostRow sums up the attempts on a host.
type hostRow struct {
	Host                                    string
	Attempts, Results, Lost, Failed, Differ int
	Steps                                   uint64 // of the attempts with a result
	Compute                                 time.Duration
}

// PerSecond returns the mean speed of a task on the host in steps per second, "" before the
// first result.
func (h hostRow) PerSecond() string {
	if h.Steps == 0 || h.Compute <= 0 {
		return ""
	}
	return formatNumber(float64(h.Steps) / h.Compute.Seconds())
}

// maxHosts bounds the hosts that are listed.
const maxHosts = queue.MaxListed

// showWorkers shows the present workers, and the attempts by host.
func (p *Page) showWorkers(w http.ResponseWriter, r *http.Request) error {
	present, err := p.workers(r.Context())
	if err != nil {
		return err
	}
	shown := workersPage{Workforce: present.Workforce, Unlisted: present.Workforce.Processes - len(present.Workers)}
	for _, one := range present.Workers {
		shown.Workers = append(shown.Workers, newWorkerRow(one, present))
	}
	sweeps, err := p.allSweeps(r.Context())
	if err != nil {
		return err
	}
	wanted := versionOfAll(sweeps)
	hosts, version, err := p.hosts.get(p, wanted, p.countHosts)
	shown.Hosts, shown.Counting = hosts[:min(len(hosts), maxHosts)], version == ""
	shown.UnlistedHosts = len(hosts) - len(shown.Hosts)
	if err != nil {
		shown.Fault = "the attempts could not be counted: " + err.Error()
	}
	v := view{Events: eventsOf("", true), Version: versionOfWorkers(wanted, present), Data: shown}
	if version != wanted && shown.Fault == "" {
		v.Version = "" // fetch it again
	}
	return p.render(w, r, "workers", v)
}

// workers returns the present workers.
func (p *Page) workers(ctx context.Context) (queue.Present, error) {
	return p.present.get(p.Now, statusAge, func() (queue.Present, error) { return p.Queue.Workers(ctx) })
}

// versionOfWorkers extends a version by one that changes whenever a worker comes, goes or
// makes steps.
func versionOfWorkers(version string, present queue.Present) string {
	var all strings.Builder
	for _, w := range present.Workers {
		all.WriteString(w.ID)
		if w.Leaving {
			all.WriteByte('!')
		}
	}
	return version + "-" + digestOf(all.String()) + versionOfSteps(present.Workers)
}

func newWorkerRow(w queue.Worker, present queue.Present) workerRow {
	row := workerRow{Presence: w.Presence, Short: w.ID[:min(len(w.ID), shownID)], Seen: formatDuration(max(0, present.AsOf.Sub(w.LastSeen)))}
	speed := 0.0
	for _, r := range w.Running {
		speed += stepsPerSecond(r.Attempt, present.AsOf)
		row.Running = append(row.Running, runningTask{Task: r.Task, Sweep: present.Sweeps[r.Task], Step: r.Step, Steps: r.Steps})
	}
	if speed > 0 {
		row.PerSecond = formatNumber(speed)
	}
	return row
}

// countHosts sums up the attempts at the tasks of all sweeps by host, those with the most
// attempts first. It reads every attempt.
func (p *Page) countHosts(ctx context.Context) ([]hostRow, error) {
	sweeps, err := p.Queue.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	count := hostCount{byHost: map[string]*hostRow{}, seen: map[sweep.TaskID]bool{}}
	for _, s := range sweeps {
		var attempts []queue.Attempt // of one task
		flush := func() error {
			err := count.add(attempts, func(task sweep.TaskID) (string, error) {
				look, err := p.Queue.Look(ctx, s.ID, task)
				return look.Accepted, err
			})
			attempts = attempts[:0]
			return err
		}
		for h, err := range p.Queue.Attempts(ctx, s.ID) {
			if err != nil {
				return nil, err
			}
			if len(attempts) > 0 && attempts[0].Task != h.Task {
				if err := flush(); err != nil {
					return nil, err
				}
			}
			attempts = append(attempts, h.Attempt)
		}
		if err := flush(); err != nil {
			return nil, err
		}
	}
	return count.rows(), nil
}

// hostCount sums up attempts.
type hostCount struct {
	byHost map[string]*hostRow
	seen   map[sweep.TaskID]bool // tasks that several sweeps may share
}

// add adds all attempts at one task. accepted returns the digest of its accepted result.
func (c *hostCount) add(attempts []queue.Attempt, accepted func(sweep.TaskID) (string, error)) error {
	if len(attempts) == 0 || c.seen[attempts[0].Task] {
		return nil
	}
	c.seen[attempts[0].Task] = true
	right, known := "", false
	reported := ""
	for _, a := range attempts {
		if a.Digest != "" && reported != "" && a.Digest != reported && !known {
			var err error
			if right, err = accepted(a.Task); err != nil {
				return err
			}
			known = true
		}
		reported = cmp.Or(a.Digest, reported)
	}
	for _, a := range attempts {
		row := c.byHost[a.Host]
		if row == nil {
			row = &hostRow{Host: a.Host}
			c.byHost[a.Host] = row
		}
		row.Attempts++
		row.Compute += a.Compute
		if a.Digest != "" {
			row.Results++
			row.Steps += max(a.Step, a.From) - a.From
			if known && a.Digest != right {
				row.Differ++
			}
		}
		if a.Outcome == queue.Lost {
			row.Lost++
		}
		if a.Outcome == queue.AttemptFailed {
			row.Failed++
		}
	}
	return nil
}

func (c *hostCount) rows() []hostRow {
	var rows []hostRow
	for _, row := range c.byHost {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b hostRow) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Host, b.Host))
	})
	return rows
}
