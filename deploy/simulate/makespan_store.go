package simulate

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// largeStore is a store in memory for one plan of a million tasks: it finds everything by index,
// where queuetest.Memory sorts maps. It runs one transaction at a time and never fails, so it
// rolls nothing back. It implements what the calls of workers and ticks need; any other method
// panics.
type largeStore struct {
	queue.Tx // nil: the methods that are not needed
	now      func() time.Time
	changed  chan struct{}

	sweeps    []queue.Sweep
	costs     []time.Duration   // by number of a task
	order     []int             // position in the order of execution, by number of a task
	records   []queue.Record    // by number of a task
	attempts  [][]queue.Attempt // by number of a task, until one is accepted
	digests   []string          // of results, by number of a task
	waiting   waitingTasks
	saved     map[sweep.TaskID]uint64 // steps of checkpoints
	processes map[string]*largeProcess
	earliest  time.Time // no deadline of a process is before it
	tallies   map[queue.Phase]queue.Tally
	tick      time.Time
}

// largeProcess is a process and its live attempts.
type largeProcess struct {
	presence queue.Presence
	held     []queue.Lease
}

// newLargeStore returns a store with a sweep whose tasks have costs and positions in the order
// of execution.
func newLargeStore(now func() time.Time, s queue.Sweep, costs []time.Duration, order []int) *largeStore {
	t := &largeStore{
		now: now, changed: make(chan struct{}), sweeps: []queue.Sweep{s}, costs: costs, order: order,
		attempts: make([][]queue.Attempt, len(costs)), digests: make([]string, len(costs)),
		saved: map[sweep.TaskID]uint64{}, processes: map[string]*largeProcess{}, tallies: map[queue.Phase]queue.Tally{},
	}
	for i, c := range costs {
		t.records = append(t.records, queue.Record{Task: largeTask(i), Phase: queue.Waiting})
		t.waiting = append(t.waiting, waitingTask{order[i], i})
		t.count(t.records[i], c, 1)
	}
	heap.Init(&t.waiting)
	return t
}

// largeTask returns the ID of a task, which has its number in decimal digits.
func largeTask(number int) sweep.TaskID {
	digits := strconv.Itoa(number)
	return sweep.TaskID("0000000000000000000000000000000000000000000000000000000000000000"[len(digits):] + digits)
}

// numberDigits is the length of the largest number.
const numberDigits = 9

func numberOf(task sweep.TaskID) int {
	number, err := strconv.Atoi(string(task[len(task)-numberDigits:]))
	if err != nil {
		panic(err) // only tasks of largeTask exist
	}
	return number
}

func (t *largeStore) count(r queue.Record, cost time.Duration, n int) {
	tally := t.tallies[r.Phase]
	tally.Tasks += n
	tally.Cost += float64(n) * cost.Seconds()
	tally.Compute += float64(n) * r.Compute.Seconds()
	t.tallies[r.Phase] = tally
}

func (t *largeStore) Update(_ context.Context, _ *queue.Claim, call func(queue.Tx) error) error {
	return call(t)
}
func (t *largeStore) View(_ context.Context, call func(queue.Tx) error) error { return call(t) }
func (t *largeStore) Changed() <-chan struct{}                                { return t.changed }
func (t *largeStore) Close() error                                            { return nil }

func (t *largeStore) Now() time.Time { return t.now() }

func (t *largeStore) Announce() {
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *largeStore) Sweeps() ([]queue.Sweep, error)                      { return t.sweeps, nil }
func (t *largeStore) Drafts() ([]queue.Draft, error)                      { return nil, nil }
func (t *largeStore) Referring(sweep.TaskID) ([]string, error)            { return []string{t.sweeps[0].ID}, nil }
func (t *largeStore) Tallies(string) (map[queue.Phase]queue.Tally, error) { return t.tallies, nil }
func (t *largeStore) Due(time.Time, int) ([]sweep.TaskID, error)          { return nil, nil } // no task fails
func (t *largeStore) Record(task sweep.TaskID) (queue.Record, bool, error) {
	return t.records[numberOf(task)], true, nil
}

func (t *largeStore) Waiting() ([]string, error) {
	if t.tallies[queue.Waiting].Tasks == 0 {
		return nil, nil
	}
	return []string{t.sweeps[0].Plan}, nil
}

func (t *largeStore) CountUnfinished() (int, error) {
	return t.tallies[queue.Waiting].Tasks + t.tallies[queue.Leased].Tasks + t.tallies[queue.BackingOff].Tasks, nil
}

// Next looks through the first tasks of the order only, as the workers of a simulation have one
// slot and take any task.
func (t *largeStore) Next(_ string, exclusive bool, most time.Duration, limit int) (next []queue.Next, err error) {
	var looked []waitingTask
	for len(next) < limit && len(t.waiting) > 0 {
		w := heap.Pop(&t.waiting).(waitingTask)
		r := t.records[w.number]
		if r.Phase != queue.Waiting {
			continue // was granted
		}
		if len(looked) > 0 && looked[len(looked)-1] == w {
			continue // waits again, after a hand-back
		}
		looked = append(looked, w)
		if r.Exclusive && !exclusive || t.costs[w.number] > most && t.saved[r.Task] == 0 {
			continue
		}
		next = append(next, queue.Next{Task: r.Task, Order: w.order, Row: w.number, Cost: t.costs[w.number], Exclusive: r.Exclusive})
	}
	for _, w := range looked {
		heap.Push(&t.waiting, w)
	}
	return next, nil
}

func (t *largeStore) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	s := queue.Specification{Task: queuetest.Task(0), Cost: t.costs[numberOf(task)]}
	s.ID = task
	return s, true, nil
}

func (t *largeStore) PutRecord(r queue.Record) error {
	number := numberOf(r.Task)
	before := t.records[number]
	t.count(before, t.costs[number], -1)
	t.count(r, t.costs[number], 1)
	t.records[number] = r
	if r.Phase == queue.Waiting && before.Phase != queue.Waiting {
		heap.Push(&t.waiting, waitingTask{t.order[number], number})
	}
	return nil
}

func (t *largeStore) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	all := t.attempts[numberOf(l.Task)]
	if l.Attempt == 0 || l.Attempt > uint64(len(all)) {
		return queue.Attempt{}, false, nil
	}
	return all[l.Attempt-1], true, nil
}

// PutAttempt drops the attempts of a task that has an accepted one, since no later call of these
// histories names them.
func (t *largeStore) PutAttempt(a queue.Attempt) error {
	p, number := t.process(a.Process), numberOf(a.Task)
	i := slices.Index(p.held, a.Lease)
	switch {
	case a.Outcome == queue.Live && i < 0:
		p.held = append(p.held, a.Lease)
	case a.Outcome != queue.Live && i >= 0:
		p.held = slices.Delete(p.held, i, i+1)
	}
	switch all := t.attempts[number]; {
	case a.Outcome == queue.Accepted:
		t.attempts[number] = nil
	case a.Attempt > uint64(len(all)):
		t.attempts[number] = append(all, a)
	default:
		all[a.Attempt-1] = a
	}
	return nil
}

// Attempts returns a copy, as callers may change it.
func (t *largeStore) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	return slices.Clone(t.attempts[numberOf(task)]), nil
}

func (t *largeStore) HeldBy(process string) (held []queue.Attempt, err error) {
	p, found := t.processes[process]
	if !found {
		return nil, nil
	}
	for _, l := range p.held {
		held = append(held, t.attempts[numberOf(l.Task)][l.Attempt-1])
	}
	return held, nil
}

// process returns a process, which it adds if it is new.
func (t *largeStore) process(id string) *largeProcess {
	p, found := t.processes[id]
	if !found {
		p = &largeProcess{}
		t.processes[id] = p
	}
	return p
}

func (t *largeStore) Presence(process string) (queue.Presence, bool, error) {
	p, found := t.processes[process]
	if !found {
		return queue.Presence{}, false, nil
	}
	return p.presence, true, nil
}

// PutPresence drops a process without a deadline: it has left or expired, and its ID is never
// used again.
func (t *largeStore) PutPresence(p queue.Presence) error {
	if p.Deadline.IsZero() {
		delete(t.processes, p.ID)
		return nil
	}
	t.process(p.ID).presence = p
	if p.Deadline.Before(t.earliest) {
		t.earliest = p.Deadline
	}
	return nil
}

// Present reads the processes only if a deadline may have passed, as every tick asks for those.
func (t *largeStore) Present(until time.Time) (present []queue.Presence, err error) {
	if !until.IsZero() && until.Before(t.earliest) {
		return nil, nil
	}
	t.earliest = until.Add(math.MaxInt64)
	for _, p := range t.processes {
		if p.presence.Deadline.Before(t.earliest) {
			t.earliest = p.presence.Deadline
		}
		if until.IsZero() || !p.presence.Deadline.After(until) {
			present = append(present, p.presence)
		}
	}
	slices.SortFunc(present, func(a, b queue.Presence) int { return cmp.Compare(a.ID, b.ID) })
	return present, nil
}

func (t *largeStore) Tick(now time.Time) (last time.Time, err error) {
	last, t.tick = t.tick, now
	return last, nil
}

func (t *largeStore) Result(task sweep.TaskID, digest string) (queue.StoredResult, bool, error) {
	return queue.StoredResult{}, t.digests[numberOf(task)] == digest, nil
}

func (t *largeStore) PutResult(task sweep.TaskID, digest string, _ queue.StoredResult) error {
	t.digests[numberOf(task)] = digest
	return nil
}

func (t *largeStore) Checkpoint(task sweep.TaskID) (uint64, []byte, bool, error) {
	step, found := t.saved[task]
	return step, []byte("checkpoint"), found, nil
}

func (t *largeStore) CheckpointStep(task sweep.TaskID) (uint64, error) { return t.saved[task], nil }

func (t *largeStore) PutCheckpoint(task sweep.TaskID, step uint64, _ []byte) error {
	t.saved[task] = step
	return nil
}

func (t *largeStore) DeleteCheckpoint(task sweep.TaskID) error {
	delete(t.saved, task)
	return nil
}

// waitingTask is a task with its position in the order of execution.
type waitingTask struct{ order, number int }

// waitingTasks is a heap by order. It may hold tasks that wait no more, or twice.
type waitingTasks []waitingTask

func (w waitingTasks) Len() int           { return len(w) }
func (w waitingTasks) Less(i, j int) bool { return w[i].order < w[j].order }
func (w waitingTasks) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waitingTasks) Push(x any)        { *w = append(*w, x.(waitingTask)) }

func (w *waitingTasks) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	*w = (*w)[:last]
	return x
}
