package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
)

// Overview is the state of a sweep with that of each configuration. A later Overview shares
// its slices, which nobody may change.
type Overview struct {
	Status
	// Statistics are the columns of results.csv with an error that any configuration has.
	Statistics     []string
	Configurations []ConfigurationState // in grid order
	// Running counts the running tasks by position in Configurations. It has only the tasks
	// that Status lists.
	Running map[int]int
}

// ConfigurationState counts the tasks of a configuration, and sums the errors of those that
// are done. Configurations that share their tasks, since they differ only in settings that make
// no difference to them, have the same counts.
type ConfigurationState struct {
	Label                         string
	Rows                          [2]int // of its tasks in results.csv: the first and that after the last
	Tasks, Done, Failed, Diverged int
	Errors                        []ErrorSum // by position in Overview.Statistics; nil if none is done
}

// ErrorSum sums the logarithms of an error over the finished replicates of a configuration that
// have it.
type ErrorSum struct {
	Replicates int
	Logarithms float64 // −Inf if an error is 0
	Floor      float64 // the replicates share their data, and so the floor; NaN without one
}

// Mean returns the geometric mean of an error over the finished replicates that have it, 0 if
// it is 0 in one of them, and its floor, NaN without one. ok is false if no replicate has it.
// The error is a position in Overview.Statistics.
func (c ConfigurationState) Mean(statistic int) (mean, floor float64, ok bool) {
	if statistic >= len(c.Errors) || c.Errors[statistic].Replicates == 0 {
		return 0, 0, false
	}
	e := c.Errors[statistic]
	return math.Exp(e.Logarithms / float64(e.Replicates)), e.Floor, true
}

// Observer reads the state of a sweep again and again. It reads the rows only when one has
// changed, and less often if that takes long. It must not be used concurrently.
type Observer struct {
	place Place
	name  string

	plan      string           // the sweep and its revision that the fields below show
	labels    labeller         // of its configurations
	positions map[uint64]int32 // configurations by taskKey
	mark      string           // the state of the rows that were read
	readAt    time.Time        // when they had been read
	reading   time.Duration    // how long that took
	overview  Overview         // without Status and Running
}

// rowsPauseFactor is the least ratio of the pause after reading the rows to the time that it
// took, so that an Observer of a large sweep leaves its coordinator time to serve workers.
const rowsPauseFactor = 10

// Observe returns an Observer of a sweep, by its name or ID; "" stands for the folder's sweep.
func (p Place) Observe(name string) *Observer { return &Observer{place: p, name: name} }

// Read returns the present state, from the running coordinator or else from the store.
func (o *Observer) Read(ctx context.Context) (Overview, error) {
	var now Overview
	running, err := o.place.read(ctx, o.name, func(ctx context.Context, q sweepQueue, s queue.Sweep) error {
		status, err := o.place.status(ctx, q, s)
		if err == nil {
			err = o.readRows(ctx, q, s, status)
		}
		now = o.overview
		now.Status = status
		return err
	})
	if err != nil {
		return Overview{}, err
	}
	now.Status.Running = running
	now.Running = map[int]int{}
	for _, w := range now.Workers {
		for _, r := range w.Running {
			if position, known := o.positions[taskKey(sweep.TaskID(r.Task))]; known {
				now.Running[int(position)]++
			}
		}
	}
	for i, c := range o.labels.all {
		if n := now.Running[max(c.SameAs, 0)]; c.SameAs >= 0 && n > 0 {
			now.Running[i] = n
		}
	}
	return now, nil
}

// readRows brings the overview up to date.
func (o *Observer) readRows(ctx context.Context, q sweepQueue, s queue.Sweep, status Status) error {
	if plan := fmt.Sprint(s.ID, " ", status.Revision); plan != o.plan {
		o.plan, o.mark, o.reading = "", "", 0
		labels, err := o.place.labeller(ctx, q, s)
		if err != nil {
			return err
		}
		o.labels, o.plan = labels, plan
	}
	mark := fmt.Sprint(o.plan, status.rowsVersion, status.Tasks.Done, status.Tasks.Failed, status.Tasks.Diverged)
	began := time.Now()
	if mark == o.mark || began.Sub(o.readAt) < rowsPauseFactor*o.reading {
		return nil
	}
	if err := o.sum(ctx, q, s.ID); err != nil {
		return err
	}
	o.mark, o.readAt, o.reading = mark, time.Now(), time.Since(began)
	return nil
}

// sum reads all rows.
func (o *Observer) sum(ctx context.Context, q sweepQueue, id string) error {
	statistics := o.statistics()
	read := Overview{Statistics: statistics, Configurations: make([]ConfigurationState, len(o.labels.all))}
	positions := map[uint64]int32{}
	var own []int // positions of the configurations with their own tasks
	for i, c := range o.labels.all {
		if c.SameAs < 0 {
			own = append(own, i)
		}
	}
	at := -1
	for row, err := range q.Rows(ctx, id) {
		if err != nil {
			return err
		}
		for at+1 < len(o.labels.firsts) && o.labels.firsts[at+1].Row <= row.Row {
			at++
			read.Configurations[own[at]].Rows[0] = o.labels.firsts[at].Row
		}
		if at < 0 {
			continue // planned since the configurations were read
		}
		positions[taskKey(row.Task.ID)] = int32(own[at])
		read.Configurations[own[at]].Rows[1] = row.Row + 1
		read.Configurations[own[at]].add(row, statistics)
	}
	for i, c := range o.labels.all {
		if c.SameAs >= 0 {
			read.Configurations[i] = read.Configurations[c.SameAs]
		}
		read.Configurations[i].Label = c.LabelOfReplicates(o.labels.axes...)
	}
	o.overview, o.positions = read, positions
	return nil
}

// statistics returns the columns of errors that any configuration may have.
func (o *Observer) statistics() []string {
	return slices.DeleteFunc(sweep.ErrorColumns(), func(column string) bool {
		return !slices.ContainsFunc(o.labels.firsts, func(first queue.Planned) bool { return first.Task.Configuration.HasError(column) })
	})
}

func (c *ConfigurationState) add(row queue.Row, statistics []string) {
	c.Tasks++
	switch row.State {
	case sweep.Failed:
		c.Failed++
	case sweep.Diverged:
		c.Diverged++
	case sweep.Done:
		c.Done++
		measures, err := sweep.DecodeMeasures(row.Measures)
		if err != nil {
			return // it was altered: the run reports it
		}
		if c.Errors == nil {
			c.Errors = make([]ErrorSum, len(statistics))
		}
		for i, column := range statistics {
			if v, ok := measures.Error(column); ok {
				e := &c.Errors[i]
				e.Replicates, e.Logarithms = e.Replicates+1, e.Logarithms+math.Log(v)
				if e.Floor, ok = measures.Floor(column); !ok {
					e.Floor = math.NaN()
				}
			}
		}
	case sweep.Pending:
	}
}

// taskKey returns the first 64 bits of a task ID, which keep the index of a large sweep small.
func taskKey(id sweep.TaskID) uint64 {
	key, _ := strconv.ParseUint(string(id[:min(len(id), 16)]), 16, 64)
	return key
}

// Ended reports whether the sweep needs no more work: no task can still run, or its time is up.
func (s Status) Ended() bool {
	return s.TimeUp || s.Tasks.Left() == 0 && (!s.MoreExpected || !s.Running)
}

// IsStarting reports whether an error of reading a sweep will pass when the run that has just
// started has planned it.
func IsStarting(err error) bool { return errors.Is(err, ErrStarting) || errors.Is(err, store.ErrInUse) }

// IsOutage reports whether an error of reading a sweep may pass: its coordinator does not
// answer, or its store is not available or in use, as while a coordinator starts.
func IsOutage(err error) bool {
	return errors.Is(err, queue.ErrUnavailable) || errors.Is(err, store.ErrInUse)
}
