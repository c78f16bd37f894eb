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
	order      []int32             // the rows that show a task first, in order of execution
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
	Row  int     // position of the first row that shows it; no two tasks share it
	Cost float64 // see Cost
}

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
	for i, c := range g.Cells() {
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
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	p.order = p.inOrder()
	return p, nil
}

// Len counts the rows of results.csv; Tasks may be fewer.
func (p *Plan) Len() int { return len(p.ids) }

// Trainings counts the tasks.
func (p *Plan) Trainings() int { return len(p.order) }

// Row makes a row of results.csv by its position. It has the cell and the
// configuration of the row; rows may share an ID.
func (p *Plan) Row(i int) sweep.Task {
	position, replicate := i/p.grid.Replicates, i%p.grid.Replicates
	c := p.grid.Cell(position)
	c.Replicate = replicate
	return sweep.Task{
		ID: sweep.TaskID(hex.EncodeToString(p.ids[i][:])), Cell: position, Configuration: c,
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

// Tasks makes the trainings one by one, each ID once, in order of execution.
func (p *Plan) Tasks() iter.Seq2[int, Task] {
	return func(yield func(int, Task) bool) {
		for order, row := range p.order {
			task := p.Row(int(row))
			if !yield(order, Task{task, int(row), p.cells[task.Cell].cost}) {
				return
			}
		}
	}
}

// inOrder lists the rows that show a task first, in order of execution.
func (p *Plan) inOrder() []int32 {
	rows := p.firstRows()
	slices.SortFunc(rows, func(a, b int32) int {
		x, y := int(a), int(b)
		return cmp.Or(
			cmp.Compare(x%p.grid.Replicates, y%p.grid.Replicates),
			cmp.Compare(p.costOf(y), p.costOf(x)), // the longest first
			cmp.Compare(x, y),
		)
	})
	return rows
}

func (p *Plan) costOf(row int) float64 { return p.cells[row/p.grid.Replicates].cost }

// firstRows lists the rows whose task no earlier row shows. Sorting finds them
// in a fraction of the memory that a map of a million IDs takes.
func (p *Plan) firstRows() []int32 {
	rows := make([]int32, p.Len())
	for i := range rows {
		rows[i] = int32(i)
	}
	slices.SortFunc(rows, func(a, b int32) int {
		return cmp.Or(bytes.Compare(p.ids[a][:], p.ids[b][:]), cmp.Compare(a, b))
	})
	return slices.CompactFunc(rows, func(a, b int32) bool { return p.ids[a] == p.ids[b] })
}
