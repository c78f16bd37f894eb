package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// Selection names tasks of a sweep; without tasks and cells, all of it.
type Selection struct {
	Sweep          string                      // by its ID; "": all sweeps
	Tasks          []sweep.TaskID              // or beginnings of IDs that no other task has
	Configurations []sweep.ConfigurationFilter // those that have all the values of one
}

// chosen lists what a selection names among the tasks that are in one of some
// phases and wanted, by ID.
//
// Errors: ErrUnknown if there is no such sweep or task; ErrInvalid if the
// beginning of an ID is that of several, or if no task of the sweeps, whatever its
// phase, is in one of the cells; ErrUnavailable.
func (q *Queue) chosen(ctx context.Context, s Selection, wanted func(Record) bool, phases ...Phase) ([]sweep.TaskID, error) {
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
		err = q.checkCells(ctx, sweeps, f)
	}
	if err != nil {
		return nil, err
	}
	return fitting, nil
}

// tasksOf lists all tasks of sweeps that are in one of some phases.
func (q *Queue) tasksOf(ctx context.Context, sweeps []Sweep, phases []Phase) (tasks []sweep.TaskID, err error) {
	for _, one := range sweeps {
		for _, phase := range phases {
			if tasks, err = q.addTasksIn(ctx, tasks, one.Plan, phase); err != nil {
				return nil, err
			}
		}
	}
	return tasks, nil
}

func (c *call) sweepsOf(id string) ([]Sweep, error) {
	if id != "" {
		s, err := c.sweep(id)
		return []Sweep{s}, err
	}
	return c.tx.Sweeps()
}

// named finds the tasks of sweeps whose IDs are, or begin, as given.
func (c *call) named(words []sweep.TaskID, sweeps []Sweep) (tasks []sweep.TaskID, err error) {
	for _, word := range words {
		task, err := c.task(word, sweeps)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

func (c *call) task(word sweep.TaskID, sweeps []Sweep) (sweep.TaskID, error) {
	referring, err := c.tx.Referring(word)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(sweeps, func(s Sweep) bool { return slices.Contains(referring, s.ID) }) {
		return word, nil
	}
	found := sweep.TaskID("")
	for _, s := range sweeps {
		next, err := c.tx.PlannedTasks(s.Plan, word, 2)
		if err != nil {
			return "", err
		}
		for _, task := range next {
			switch {
			case word == "" || !strings.HasPrefix(string(task), string(word)) || task == found:
			case found != "":
				return "", fmt.Errorf("%w: task %q: tasks %s and %s both begin so", ErrInvalid, word, found, task)
			default:
				found = task
			}
		}
	}
	if found == "" {
		return "", fmt.Errorf("%w: task %q", ErrUnknown, word)
	}
	return found, nil
}

// addTasksIn adds all tasks of a plan that are in a phase.
func (q *Queue) addTasksIn(ctx context.Context, tasks []sweep.TaskID, plan string, phase Phase) ([]sweep.TaskID, error) {
	after := sweep.TaskID("")
	for {
		var page []sweep.TaskID
		err := q.view(ctx, func(c *call) (err error) {
			page, err = c.tx.TasksIn(plan, phase, after, q.policy.ChangePage)
			return err
		})
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, page...)
		if len(page) < q.policy.ChangePage {
			return tasks, nil
		}
		after = page[len(page)-1]
	}
}

// fitting keeps the tasks that are wanted and pass the filter.
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
	if err != nil || !wanted(r) || len(f.cells) == 0 {
		return err == nil && wanted(r), err
	}
	s, err := c.specification(task)
	return err == nil && f.passes(s.Configuration), err
}

// change is what a rule made of a task.
type change int

const (
	untouched change = iota // it is not what was meant any more
	changed
	sharedTask // it goes on, since another sweep wants it too
)

// alter applies a rule to tasks, a page in each transaction, and lists them by
// what it did. After an error, the pages before are done.
func (q *Queue) alter(ctx context.Context, tasks []sweep.TaskID, rule func(*call, Record) (change, error)) (map[change][]sweep.TaskID, error) {
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
