package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// LogFilter selects attempts of a sweep. Its zero value selects the failed attempts and those
// that were handed back or lost, of the folder's sweep.
type LogFilter struct {
	Sweep          string                      // name or ID; "": that of the folder
	Tasks          []string                    // beginnings of IDs; none: all tasks
	Configurations []sweep.ConfigurationFilter // none: all
	Hosts          []string                    // none: all
	Outcomes       []string                    // as TaskAttempt has them; none: those of attempts without a result
	Last           int                         // only that many, the last ones; 0: all
	Rows           [2]int                      // the first row and that after the last; zero: all
	Since          time.Time                   // only attempts that ended, or began if they run, at this time or later
}

// AttemptLog is an attempt with its task, as `coordinator logs` prints it.
type AttemptLog struct {
	Task  string `json:"task"`
	Label string `json:"label"`
	TaskAttempt
}

// Time returns when the attempt ended, or began if it runs.
func (a AttemptLog) Time() time.Time {
	if a.EndedAt != nil {
		return *a.EndedAt
	}
	return a.LeasedAt
}

// Logs returns the selected attempts of a sweep in the order in which they ended, those that
// run last, and how many more filter.Last leaves out. It reads them from the running
// coordinator or from the store.
func (p Place) Logs(ctx context.Context, filter LogFilter) (logs []AttemptLog, more int, err error) {
	_, err = p.read(ctx, filter.Sweep, func(ctx context.Context, q sweepQueue, s queue.Sweep) error {
		labels, err := p.labeller(ctx, q, s)
		if err != nil {
			return err
		}
		logs, more, err = selectLogs(ctx, q, s, filter, labels)
		return err
	})
	return logs, more, err
}

func selectLogs(ctx context.Context, q sweepQueue, s queue.Sweep, filter LogFilter, labels labeller) (logs []AttemptLog, more int, err error) {
	found := make([]bool, len(filter.Tasks))
	for h, err := range q.Attempts(ctx, s.ID) {
		if err != nil {
			return nil, 0, err
		}
		if h.Row < filter.Rows[0] {
			continue
		}
		if filter.Rows[1] > 0 && h.Row >= filter.Rows[1] {
			break
		}
		c := labels.configuration(h.Row)
		if !filter.selects(h, c, found) {
			continue
		}
		log := AttemptLog{Task: string(h.Task), Label: c.Label(labels.axes...), TaskAttempt: newTaskAttempt(h.Attempt)}
		if log.Time().Before(filter.Since) {
			continue
		}
		logs = append(logs, log)
		if filter.Last > 0 && len(logs) >= 2*filter.Last { // bounds the memory
			logs, more = lastLogs(logs, filter.Last, more)
		}
	}
	for i, task := range filter.Tasks {
		if !found[i] {
			if err := hasTask(ctx, q, s, task); err != nil {
				return nil, 0, err
			}
		}
	}
	last := len(logs)
	if filter.Last > 0 {
		last = filter.Last
	}
	logs, more = lastLogs(logs, last, more)
	return logs, more, nil
}

// lastLogs sorts logs, keeps the last ones, and adds the number of the others to more.
func lastLogs(logs []AttemptLog, last, more int) ([]AttemptLog, int) {
	slices.SortStableFunc(logs, func(a, b AttemptLog) int {
		running := func(l AttemptLog) int {
			if l.EndedAt == nil {
				return 1
			}
			return 0
		}
		return cmp.Or(running(a)-running(b), a.Time().Compare(b.Time()))
	})
	dropped := max(0, len(logs)-last)
	return slices.Delete(logs, 0, dropped), more + dropped
}

// selects reports whether an attempt of a configuration is selected, and notes which of the
// filter's tasks it is of.
func (f LogFilter) selects(h queue.History, c sweep.Configuration, found []bool) bool {
	named := len(f.Tasks) == 0
	for i, task := range f.Tasks {
		if strings.HasPrefix(string(h.Task), task) {
			named, found[i] = true, true
		}
	}
	outcome := outcomeOf(h.Attempt)
	wanted := slices.Contains(f.Outcomes, outcome)
	if len(f.Outcomes) == 0 {
		wanted = h.Outcome != queue.Live && h.Outcome != queue.Accepted && h.Outcome != queue.Verified
	}
	return named && wanted &&
		(len(f.Hosts) == 0 || slices.Contains(f.Hosts, h.Host)) &&
		(len(f.Configurations) == 0 || slices.ContainsFunc(f.Configurations, func(filter sweep.ConfigurationFilter) bool { return filter.Has(c) }))
}

// hasTask returns an error unless the sweep has a task whose ID begins so.
func hasTask(ctx context.Context, q sweepQueue, s queue.Sweep, prefix string) error {
	for row, err := range q.Rows(ctx, s.ID) {
		if err != nil || strings.HasPrefix(string(row.Task.ID), prefix) {
			return err
		}
	}
	return folder.BadInput("sweep %s has no task whose ID begins with %q: `coordinator results` lists them; name a sweep with --sweep", s.Name, prefix)
}

// TaskLabel is a task with its label.
type TaskLabel struct{ Task, Label string }

// Tasks returns up to most tasks of the folder's sweep whose IDs begin with a prefix.
func (p Place) Tasks(ctx context.Context, prefix string, most int) (tasks []TaskLabel, err error) {
	_, err = p.read(ctx, "", func(ctx context.Context, q sweepQueue, s queue.Sweep) error {
		labels, err := p.labeller(ctx, q, s)
		if err != nil {
			return err
		}
		for row, err := range q.Rows(ctx, s.ID) {
			if err != nil || len(tasks) == most {
				return err
			}
			if strings.HasPrefix(string(row.Task.ID), prefix) {
				tasks = append(tasks, TaskLabel{string(row.Task.ID), labels.configuration(row.Row).Label(labels.axes...)})
			}
		}
		return nil
	})
	return tasks, err
}

// labeller has the configuration of each row of a sweep, for its label.
type labeller struct {
	axes   []sweep.Setting
	firsts []queue.Planned // the first task of each configuration with its own tasks, by row
	all    []folder.StoredConfiguration
	// resolved reports that they have the settings that are not stored with a task.
	resolved bool
}

// labeller reads the configurations of a sweep. Settings that no task ID depends on, such as
// the preset, are not stored with a task: they have the values of the sweep's grid. If the
// grid cannot be evaluated here, because it needs variables, the labels leave them out.
func (p Place) labeller(ctx context.Context, q sweepQueue, s queue.Sweep) (labeller, error) {
	l := labeller{axes: grid.Columns(s.Grid)}
	for first, err := range q.Configurations(ctx, s.ID) {
		if err != nil {
			return labeller{}, err
		}
		l.firsts = append(l.firsts, first)
	}
	var all []folder.StoredConfiguration
	all, l.resolved = folder.StoredConfigurations(s, p.gridOf(s), l.firsts)
	own := 0
	for _, c := range all {
		if c.SameAs < 0 {
			c.Replicate = l.firsts[own].Task.Configuration.Replicate
			l.firsts[own].Task.Configuration = c.Configuration
			own++
		}
	}
	l.all = all
	if !l.resolved {
		l.axes = grid.StoredColumns(s.Grid)
	}
	return l, nil
}

// gridOf evaluates the grid of a sweep with the variables of the folder's last run, or else
// with their defaults. It returns nil if the grid needs others.
func (p Place) gridOf(s queue.Sweep) *grid.Grid {
	var variables []map[string]string
	if p.Out != "" {
		if run, _, err := folder.Folder(p.Out).ReadRun(); err == nil {
			variables = append(variables, run.Variables)
		}
	}
	for _, values := range append(variables, nil) {
		if g, faults := grid.Parse("sweep.hcl", s.Grid, values); !faults.HasErrors() {
			return g
		}
	}
	return nil
}

// configuration returns the configuration of a row, with its replicate.
func (l labeller) configuration(row int) sweep.Configuration {
	at, exact := slices.BinarySearchFunc(l.firsts, row, func(p queue.Planned, row int) int { return p.Row - row })
	if !exact {
		at--
	}
	if at < 0 {
		return sweep.Configuration{}
	}
	c := l.firsts[at].Task.Configuration
	c.Replicate += row - l.firsts[at].Row
	return c
}

// AttemptOutcomes are the outcomes of attempts, as TaskAttempt has them.
var AttemptOutcomes = []string{
	runningAttempt, string(queue.Accepted), string(queue.Late), string(queue.AttemptFailed), string(queue.Lost),
	string(queue.HandedBack), string(queue.Withdrawn), string(queue.Cancelled), string(queue.Verified), string(queue.Differed),
}

// runningAttempt is the outcome of an attempt that has not ended.
const runningAttempt = "running"

func outcomeOf(a queue.Attempt) string {
	if a.Outcome == queue.Live {
		return runningAttempt
	}
	return string(a.Outcome)
}

// AttemptsMark returns a text that changes whenever an attempt begins or ends.
func (s Status) AttemptsMark() string {
	mark := fmt.Sprint(s.Revision, s.rowsVersion, s.Tasks)
	for _, w := range s.Workers {
		for _, r := range w.Running {
			mark += fmt.Sprint(" ", r.Task, r.Attempt)
		}
	}
	return mark
}
