package queue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// Selection selects tasks of a sweep: all of them, or those that match Tasks and
// Configurations.
type Selection struct {
	Sweep          string                      // its ID; "" selects all sweeps
	Tasks          []sweep.TaskID              // IDs or unique prefixes
	Configurations []sweep.ConfigurationFilter // a task must match one of them
}

// Has reports whether a task of the sweep is selected. It takes a prefix of several IDs
// for each of them.
func (s Selection) Has(task sweep.Task) bool {
	named := len(s.Tasks) == 0 || slices.ContainsFunc(s.Tasks, func(prefix sweep.TaskID) bool {
		return strings.HasPrefix(string(task.ID), string(prefix))
	})
	return named && newFilter(s.Configurations).passes(task.Configuration)
}

// selectTasks lists the selected tasks that are in one of the phases and wanted, by ID.
//
// Errors: ErrUnknown if there is no such sweep or task; ErrInvalid if a prefix is
// ambiguous or if no task of the sweeps, in any phase, matches one of the
// configurations; ErrUnavailable.
func (q *Queue) selectTasks(ctx context.Context, s Selection, wanted func(Record) bool, phases ...Phase) ([]sweep.TaskID, error) {
	var sweeps []Sweep
	var tasks []sweep.TaskID
	err := q.view(ctx, func(c *call) (err error) {
		if sweeps, err = c.sweepsOf(s.Sweep); err == nil {
			tasks, err = c.named(s.Tasks, sweeps)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(s.Tasks) == 0 {
		if tasks, err = q.tasksOf(ctx, sweeps, phases); err != nil {
			return nil, err
		}
	}
	slices.Sort(tasks)
	f := newFilter(s.Configurations)
	fitting, err := q.fitting(ctx, slices.Compact(tasks), f, func(r Record) bool {
		return slices.Contains(phases, r.Phase) && wanted(r)
	})
	if err == nil {
		err = q.checkConfigurations(ctx, sweeps, f)
	}
	if err != nil {
		return nil, err
	}
	return fitting, nil
}

// tasksOf lists all tasks of sweeps that are in one of the phases.
func (q *Queue) tasksOf(ctx context.Context, sweeps []Sweep, phases []Phase) (tasks []sweep.TaskID, err error) {
	for _, one := range sweeps {
		for page, err := range q.plannedPages(ctx, one.Plan) {
			if err != nil {
				return nil, err
			}
			for _, p := range page {
				if slices.Contains(phases, p.Phase) {
					tasks = append(tasks, p.Task)
				}
			}
		}
	}
	return tasks, nil
}

// plannedPages yields the tasks of a plan by row, one page per transaction. An error ends the
// sequence.
func (q *Queue) plannedPages(ctx context.Context, plan string) iter.Seq2[[]PlannedTask, error] {
	return func(yield func([]PlannedTask, error) bool) {
		after := -1
		for {
			var page []PlannedTask
			err := q.view(ctx, func(c *call) (err error) {
				page, err = c.tx.PlannedTasks(plan, after, q.policy.ChangePage)
				return err
			})
			if !yield(page, err) || err != nil || len(page) < q.policy.ChangePage {
				return
			}
			after = page[len(page)-1].Row
		}
	}
}

func (c *call) sweepsOf(id string) ([]Sweep, error) {
	if id != "" {
		s, err := c.sweep(id)
		return []Sweep{s}, err
	}
	return c.tx.Sweeps()
}

// named finds the tasks of sweeps by their IDs or unique prefixes.
func (c *call) named(ids []sweep.TaskID, sweeps []Sweep) (tasks []sweep.TaskID, err error) {
	for _, id := range ids {
		task, err := c.task(id, sweeps)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

func (c *call) task(idOrPrefix sweep.TaskID, sweeps []Sweep) (sweep.TaskID, error) {
	referring, err := c.tx.Referring(idOrPrefix)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(sweeps, func(s Sweep) bool { return slices.Contains(referring, s.ID) }) {
		return idOrPrefix, nil
	}
	if idOrPrefix == "" {
		return "", unknown("task", idOrPrefix)
	}
	found := sweep.TaskID("")
	for _, s := range sweeps {
		matching, err := c.tx.PlannedWithPrefix(s.Plan, idOrPrefix, 2)
		if err != nil {
			return "", err
		}
		for _, task := range matching {
			if found != "" && found != task {
				return "", fmt.Errorf("%w: task %q: the prefix matches tasks %s and %s", ErrInvalid, idOrPrefix, found, task)
			}
			found = task
		}
	}
	if found == "" {
		return "", unknown("task", idOrPrefix)
	}
	return found, nil
}

// fitting returns the tasks that are wanted and pass the filter.
func (q *Queue) fitting(ctx context.Context, tasks []sweep.TaskID, f *filter, wanted func(Record) bool) (kept []sweep.TaskID, err error) {
	for page := range slices.Chunk(tasks, q.policy.ChangePage) {
		var some []sweep.TaskID
		err := q.view(ctx, func(c *call) error {
			some = nil
			for _, task := range page {
				fits, err := c.fits(task, f, wanted)
				if err != nil {
					return err
				}
				if fits {
					some = append(some, task)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		kept = append(kept, some...)
	}
	return kept, nil
}

func (c *call) fits(task sweep.TaskID, f *filter, wanted func(Record) bool) (bool, error) {
	r, err := c.record(task)
	if err != nil || !wanted(r) || len(f.filters) == 0 {
		return err == nil && wanted(r), err
	}
	s, err := c.specification(task)
	return err == nil && f.passes(s.Configuration), err
}

// change tells what a rule did with a task.
type change int

const (
	untouched change = iota // the rule does not apply to the task, or no longer does
	changed
	sharedTask // the task goes on, because another sweep refers to it
)

// changeTasks applies a rule to tasks, one page per transaction, and groups the tasks by
// the outcome. After an error, the pages before it are committed.
func (q *Queue) changeTasks(ctx context.Context, tasks []sweep.TaskID, rule func(*call, Record) (change, error)) (map[change][]sweep.TaskID, error) {
	all := map[change][]sweep.TaskID{}
	for page := range slices.Chunk(tasks, q.policy.ChangePage) {
		var made []change
		err := q.update(ctx, func(c *call) error {
			made = nil
			for _, task := range page {
				r, err := c.record(task)
				if err != nil {
					return err
				}
				did, err := rule(c, r)
				if err != nil {
					return err
				}
				made = append(made, did)
			}
			return nil
		})
		if err != nil {
			return all, err
		}
		for i, did := range made {
			all[did] = append(all[did], page[i])
		}
	}
	return all, nil
}

// filter passes tasks that match one of its configuration filters, or all tasks if it
// has none, and tracks which of them have not matched any task yet.
type filter struct {
	filters   []sweep.ConfigurationFilter
	unmatched []sweep.ConfigurationFilter
}

func newFilter(filters []sweep.ConfigurationFilter) *filter {
	return &filter{filters: filters, unmatched: slices.Clone(filters)}
}

// see removes the configuration filters that match a task from those that are unmatched.
func (f *filter) see(c sweep.Configuration) {
	f.unmatched = slices.DeleteFunc(f.unmatched, func(filter sweep.ConfigurationFilter) bool { return filter.Has(c) })
}

func (f *filter) passes(c sweep.Configuration) bool {
	f.see(c)
	return len(f.filters) == 0 || slices.ContainsFunc(f.filters, func(filter sweep.ConfigurationFilter) bool { return filter.Has(c) })
}

// checkConfigurations returns ErrInvalid if a configuration filter matches no task of the
// sweeps, because it was then mistyped. It reads plans only until every filter has matched.
func (q *Queue) checkConfigurations(ctx context.Context, sweeps []Sweep, f *filter) error {
	present := valuesOf(f.unmatched)
	for _, s := range sweeps {
		if err := q.seePlanned(ctx, s.Plan, f, present); err != nil {
			return err
		}
	}
	if len(f.unmatched) == 0 {
		return nil
	}
	missing := present.missing(f.unmatched[0])
	return fmt.Errorf("%w: no configuration of the sweep has %s (it has %s)", ErrInvalid, missing, present.format(missing))
}

// seePlanned passes the tasks of a plan to the filter until all its configuration filters
// have matched, and collects their values.
func (q *Queue) seePlanned(ctx context.Context, plan string, f *filter, present values) error {
	if len(f.unmatched) == 0 {
		return nil
	}
	for page, err := range q.plannedPages(ctx, plan) {
		if err != nil {
			return err
		}
		err = q.view(ctx, func(c *call) error {
			for _, p := range page {
				s, err := c.specification(p.Task)
				if err != nil {
					return err
				}
				f.see(s.Configuration)
				present.add(s.Configuration)
			}
			return nil
		})
		if err != nil || len(f.unmatched) == 0 {
			return err
		}
	}
	return nil
}

// values are the values of settings that occur among tasks, by setting.
type values map[string]map[any]bool

// valuesOf returns empty values for the settings of some filters.
func valuesOf(filters []sweep.ConfigurationFilter) values {
	present := values{}
	for _, filter := range filters {
		for name := range filter {
			present[name] = map[any]bool{}
		}
	}
	return present
}

func (v values) add(c sweep.Configuration) {
	for name, seen := range v {
		if value, found := c.FilterValue(name); found {
			seen[value] = true
		}
	}
}

// missing returns the part of a filter whose values do not occur, or the whole filter
// if each value occurs, but not in the same task.
func (v values) missing(filter sweep.ConfigurationFilter) sweep.ConfigurationFilter {
	missing := sweep.ConfigurationFilter{}
	for name, value := range filter {
		if !v[name][value] {
			missing[name] = value
		}
	}
	if len(missing) == 0 {
		return filter
	}
	return missing
}

// maxListedValues bounds how many values of a setting an error lists.
const maxListedValues = 12

// format lists the values that occur of a filter's settings.
func (v values) format(filter sweep.ConfigurationFilter) string {
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(filter)) {
		seen := slices.SortedFunc(maps.Keys(v[name]), compareValues)
		var listed []string
		for _, value := range seen[:min(len(seen), maxListedValues)] {
			listed = append(listed, sweep.Format(value))
		}
		if len(seen) > maxListedValues {
			listed = append(listed, "…")
		}
		settings = append(settings, name+" = "+strings.Join(listed, ", "))
	}
	return strings.Join(settings, " and ")
}

// compareValues orders values of one setting: numbers by size, others by their text.
func compareValues(a, b any) int {
	x, number := a.(float64)
	y, both := b.(float64)
	if number && both {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(sweep.Format(a), sweep.Format(b))
}
