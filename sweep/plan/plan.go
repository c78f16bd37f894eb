package plan

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Plan is what a sweep has to do. It holds a few numbers for each row and makes
// rows and tasks when they are asked for, so that a million of them need some
// tens of megabytes.
type Plan struct {
	grid       *grid.Grid
	recordings []string            // the digests, each once
	cells      []cell              // in grid order
	ids        [][sha256Bytes]byte // of the rows
	firsts     []int32             // the rows that show a task first, by its ID
	order      []int32             // of each of firsts, its position in the order of execution
	repeats    []int32             // the rows that show a task again, by its ID; nil if no two share one
}

const sha256Bytes = 32

// cell is what the replicates of a cell share.
type cell struct {
	recording int32 // in Plan.recordings
	cost      float64
}

// Task is a training in its place within a plan.
type Task struct {
	sweep.Task
	Row   int     // position of the first row that shows it; no two tasks share it
	Order int     // position in the order of execution
	Cost  float64 // see Cost
}

// maxFaults bounds the reasons that an error of New names.
const maxFaults = 10

// New plans a grid. The function digest returns the digest of the raster that a
// configuration is trained on, whatever the replicate, or why there is none: an
// error of New names each reason once, with the first cell that has it.
func New(
	g *grid.Grid, digest func(sweep.Configuration) (string, error), numerics int, kernelClass string,
) (*Plan, error) {
	p := &Plan{grid: g, cells: make([]cell, g.Len()), ids: make([][sha256Bytes]byte, g.Tasks())}
	known := map[string]int32{}
	var faults []error
	reasons := map[string]bool{}
	for i, c := range g.Configurations() {
		recording, err := digest(c)
		if err != nil {
			if !reasons[err.Error()] {
				faults = append(faults, fmt.Errorf("plan cell n=%d t=%d: %w", c.Neurons, c.Timesteps, err))
			}
			reasons[err.Error()] = true
			continue
		}
		if _, ok := known[recording]; !ok {
			known[recording] = int32(len(p.recordings))
			p.recordings = append(p.recordings, recording)
		}
		p.cells[i] = cell{recording: known[recording], cost: Cost(c, kernelClass)}
		for replicate := range g.Replicates {
			c.Replicate = replicate
			id := sweep.NewTaskID(c, recording, numerics, kernelClass)
			if _, err := hex.Decode(p.ids[i*g.Replicates+replicate][:], []byte(id)); err != nil {
				panic(fmt.Sprintf("plan: task %q: %v", id, err)) // it is a SHA-256
			}
		}
	}
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Errorf("and %d more like these: take the configurations out of the grid, or exclude them", more))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	p.findTasks()
	p.putInOrder()
	return p, nil
}

// Len counts the rows of results.csv; Tasks may be fewer.
func (p *Plan) Len() int { return len(p.ids) }

// Trainings counts the tasks.
func (p *Plan) Trainings() int { return len(p.firsts) }

// First is the first row that shows the task of a row.
func (p *Plan) First(row int) int {
	if len(p.repeats) == 0 {
		return row
	}
	i, _ := slices.BinarySearchFunc(p.firsts, p.ids[row], p.byID)
	return int(p.firsts[i])
}

// Repeated says whether a later row shows the task of a row again.
func (p *Plan) Repeated(row int) bool {
	_, found := slices.BinarySearchFunc(p.repeats, p.ids[row], p.byID)
	return found
}

// Has says whether the plan has a task.
func (p *Plan) Has(task sweep.TaskID) bool {
	var id [sha256Bytes]byte
	if n, err := hex.Decode(id[:], []byte(task)); err != nil || n != sha256Bytes {
		return false
	}
	_, found := slices.BinarySearchFunc(p.firsts, id, p.byID)
	return found
}

func (p *Plan) byID(row int32, id [sha256Bytes]byte) int { return bytes.Compare(p.ids[row][:], id[:]) }

// Row makes a row of results.csv by its position. It has the cell and the
// configuration of the row; rows may share an ID.
func (p *Plan) Row(i int) sweep.Task {
	position, replicate := i/p.grid.Replicates, i%p.grid.Replicates
	c := p.grid.Configuration(position)
	c.Replicate = replicate
	return sweep.Task{
		ID: sweep.TaskID(hex.EncodeToString(p.ids[i][:])), ConfigurationIndex: position, Configuration: c,
		Recording: p.recordings[p.cells[position].recording],
	}
}

// Rows makes the rows of results.csv one by one, in its order.
func (p *Plan) Rows() iter.Seq2[int, sweep.Task] {
	return func(yield func(int, sweep.Task) bool) {
		for i := range p.Len() {
			if !yield(i, p.Row(i)) {
				return
			}
		}
	}
}

// Tasks makes the trainings one by one, each ID once, in the order of the IDs,
// which is the cheapest for a store.
func (p *Plan) Tasks() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for i, row := range p.firsts {
			task := p.Row(int(row))
			if !yield(Task{Task: task, Row: int(row), Order: int(p.order[i]), Cost: p.cells[task.ConfigurationIndex].cost}) {
				return
			}
		}
	}
}

// findTasks tells the rows that show a task first from those that show it again.
// Sorting does that in a fraction of the memory that a map of a million IDs takes.
func (p *Plan) findTasks() {
	rows := make([]int32, p.Len())
	for i := range rows {
		rows[i] = int32(i)
	}
	slices.SortFunc(rows, func(a, b int32) int {
		return cmp.Or(bytes.Compare(p.ids[a][:], p.ids[b][:]), cmp.Compare(a, b))
	})
	p.firsts = rows[:0]
	for i, row := range rows {
		if i > 0 && p.ids[row] == p.ids[p.firsts[len(p.firsts)-1]] {
			p.repeats = append(p.repeats, row)
		} else {
			p.firsts = append(p.firsts, row)
		}
	}
}

// putInOrder numbers the tasks in the order of execution: replicate by
// replicate, the longest first, else in the order of the rows.
func (p *Plan) putInOrder() {
	turns := make([]int32, len(p.firsts)) // positions in firsts, in order of execution
	for i := range turns {
		turns[i] = int32(i)
	}
	slices.SortFunc(turns, func(a, b int32) int {
		x, y := int(p.firsts[a]), int(p.firsts[b])
		return cmp.Or(
			cmp.Compare(x%p.grid.Replicates, y%p.grid.Replicates),
			cmp.Compare(p.costOf(y), p.costOf(x)),
			cmp.Compare(x, y),
		)
	})
	p.order = make([]int32, len(turns))
	for order, i := range turns {
		p.order[i] = int32(order)
	}
}

func (p *Plan) costOf(row int) float64 { return p.cells[row/p.grid.Replicates].cost }
