package plan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Plan is the list of the rows and tasks of a sweep. It holds a few numbers for each
// row and computes the rest on demand, so that a million rows take some tens of
// megabytes.
type Plan struct {
	grid           *grid.Grid
	recordings     []string // the digests, each once
	configurations []configurationData
	ids            [][sha256Bytes]byte // of the rows
	firsts         []int32             // the first row of each task, sorted by task ID
	order          []int32             // firsts in the order of execution
	repeats        []int32             // the further rows of tasks, sorted by task ID
	numerics       int
	kernelClass    string
}

const sha256Bytes = 32

// configurationData is common to the replicates of a configuration.
type configurationData struct {
	recording int32 // in Plan.recordings
	cost      float64
}

// Task is a training of a plan.
type Task struct {
	sweep.Task
	Row   int     // position of the first row that shows it
	Order int     // position in the order of execution
	Cost  float64 // in seconds; see the function Cost
}

// reportEvery is the number of rows after which New reports how far it is. They take some
// ten milliseconds.
const reportEvery = 1 << 10

// maxFaults is the number of reasons that an error of New names.
const maxFaults = 10

// New plans a grid. The function digest returns the digest of the raster that the
// replicates of a configuration train on, or the reason why there is none. The
// error of New names each reason once, with its first configuration. New calls planned,
// unless it is nil, with the number of rows planned so far, at least every reportEvery
// rows: a million rows take several seconds. When ctx ends, New returns the cause.
func New(
	ctx context.Context, g *grid.Grid, digest func(sweep.Configuration) (string, error), numerics int, kernelClass string, planned func(rows int),
) (*Plan, error) {
	if planned == nil {
		planned = func(int) {}
	}
	p := &Plan{grid: g, configurations: make([]configurationData, g.Len()), ids: make([][sha256Bytes]byte, g.Rows()), numerics: numerics, kernelClass: kernelClass}
	positions := map[string]int32{}
	var faults []error
	reasons := map[string]bool{}
	for i, c := range g.Configurations() {
		recording, err := digest(c)
		if err != nil {
			if !reasons[err.Error()] {
				faults = append(faults, fmt.Errorf("plan configuration n=%d t=%d: %w", c.Neurons, c.Timesteps, err))
			}
			reasons[err.Error()] = true
			continue
		}
		if _, ok := positions[recording]; !ok {
			positions[recording] = int32(len(p.recordings))
			p.recordings = append(p.recordings, recording)
		}
		p.configurations[i] = configurationData{recording: positions[recording], cost: Cost(c, kernelClass)}
		for row := g.Row(i, 0); row < g.Row(i+1, 0); row++ {
			_, c.Replicate = g.At(row)
			setID(&p.ids[row], sweep.NewTaskID(c, recording, numerics, kernelClass))
			if (row+1)%reportEvery == 0 {
				planned(row + 1)
				if ctx.Err() != nil {
					return nil, context.Cause(ctx)
				}
			}
		}
	}
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Errorf("and %d more such faults: take these configurations out of the grid, or exclude them", more))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	planned(p.Len())
	return p.indexed(ctx)
}

func setID(to *[sha256Bytes]byte, id sweep.TaskID) {
	if _, err := hex.Decode(to[:], []byte(id)); err != nil {
		panic(fmt.Sprintf("plan: task %q: %v", id, err)) // an ID is a SHA-256
	}
}

// indexed returns the plan with firsts, repeats and order. When ctx ends, it returns the
// cause.
func (p *Plan) indexed(ctx context.Context) (*Plan, error) {
	if err := p.findTasks(ctx); err != nil {
		return nil, err
	}
	p.putInOrder()
	return p, nil
}

// Grid returns the grid, with the numbers of replicates of the plan.
func (p *Plan) Grid() *grid.Grid { return p.grid }

// Len returns the number of rows of results.csv.
func (p *Plan) Len() int { return len(p.ids) }

// TaskCount returns the number of tasks, which is less than Len if rows share one.
func (p *Plan) TaskCount() int { return len(p.firsts) }

// First returns the first row that shows the task of a row.
func (p *Plan) First(row int) int {
	if len(p.repeats) == 0 {
		return row
	}
	i, _ := slices.BinarySearchFunc(p.firsts, p.ids[row], p.byID)
	return int(p.firsts[i])
}

// Repeated reports whether several rows show the task of a row.
func (p *Plan) Repeated(row int) bool {
	_, found := slices.BinarySearchFunc(p.repeats, p.ids[row], p.byID)
	return found
}

// Has reports whether the plan has a task.
func (p *Plan) Has(task sweep.TaskID) bool {
	_, found := p.FirstOf(task)
	return found
}

// FirstOf returns the first row of a task, and whether the plan has the task.
func (p *Plan) FirstOf(task sweep.TaskID) (row int, found bool) {
	var id [sha256Bytes]byte
	if n, err := hex.Decode(id[:], []byte(task)); err != nil || n != sha256Bytes {
		return 0, false
	}
	i, found := slices.BinarySearchFunc(p.firsts, id, p.byID)
	if !found {
		return 0, false
	}
	return int(p.firsts[i]), true
}

// Beginning returns the first rows of the tasks whose IDs begin with a text, sorted by ID,
// at most limit of them.
func (p *Plan) Beginning(prefix string, limit int) []int {
	id := func(row int32) string { return hex.EncodeToString(p.ids[row][:]) }
	i, _ := slices.BinarySearchFunc(p.firsts, prefix, func(row int32, prefix string) int { return cmp.Compare(id(row), prefix) })
	var rows []int
	for ; i < len(p.firsts) && len(rows) < limit && strings.HasPrefix(id(p.firsts[i]), prefix); i++ {
		rows = append(rows, int(p.firsts[i]))
	}
	return rows
}

func (p *Plan) byID(row int32, id [sha256Bytes]byte) int { return bytes.Compare(p.ids[row][:], id[:]) }

// Row returns the row of results.csv at a position, with its own configuration.
// Rows may share a task ID.
func (p *Plan) Row(i int) sweep.Task {
	position, replicate := p.grid.At(i)
	c := p.grid.Configuration(position)
	c.Replicate = replicate
	return sweep.Task{
		ID: sweep.TaskID(hex.EncodeToString(p.ids[i][:])), ConfigurationIndex: position, Configuration: c,
		Recording: p.recordings[p.configurations[position].recording],
	}
}

// Rows yields the rows of results.csv with their positions, in order.
func (p *Plan) Rows() iter.Seq2[int, sweep.Task] {
	return func(yield func(int, sweep.Task) bool) {
		for i := range p.Len() {
			if !yield(i, p.Row(i)) {
				return
			}
		}
	}
}

// Tasks yields each task once, in the order of execution. A store keeps tasks that are
// stored one after the other close together, and those are then used at about the same time.
func (p *Plan) Tasks() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for order, row := range p.order {
			task := p.Row(int(row))
			if !yield(Task{Task: task, Row: int(row), Order: order, Cost: p.configurations[task.ConfigurationIndex].cost}) {
				return
			}
		}
	}
}

// findTasks sets firsts and repeats. Sorting takes a fraction of the memory of a map
// of a million IDs. When ctx ends, findTasks returns the cause.
func (p *Plan) findTasks(ctx context.Context) error {
	rows, starts := p.byFirstByte()
	for i, start := range starts[:len(starts)-1] {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		slices.SortFunc(rows[start:starts[i+1]], func(a, b int32) int {
			return cmp.Or(bytes.Compare(p.ids[a][:], p.ids[b][:]), cmp.Compare(a, b))
		})
	}
	p.firsts = rows[:0]
	for i, row := range rows {
		if i > 0 && p.ids[row] == p.ids[p.firsts[len(p.firsts)-1]] {
			p.repeats = append(p.repeats, row)
		} else {
			p.firsts = append(p.firsts, row)
		}
	}
	return nil
}

// byFirstByte returns the rows grouped by the first byte of their IDs, and where each
// group starts, with the end of the last one. An ID is a digest, so that the groups are
// of about the same size.
func (p *Plan) byFirstByte() (rows []int32, starts [257]int) {
	for _, id := range p.ids {
		starts[int(id[0])+1]++
	}
	for i := range starts[1:] {
		starts[i+1] += starts[i]
	}
	rows = make([]int32, p.Len())
	next := starts
	for row, id := range p.ids {
		rows[next[id[0]]] = int32(row)
		next[id[0]]++
	}
	return rows, starts
}

// putInOrder sets order: replicate by replicate, the longest task first, ties in the
// order of the rows.
func (p *Plan) putInOrder() {
	longest := make([]int, len(p.configurations)) // in order of execution
	for i := range longest {
		longest[i] = i
	}
	slices.SortStableFunc(longest, func(a, b int) int { return cmp.Compare(p.configurations[b].cost, p.configurations[a].cost) })
	ranks := make([]int64, len(longest))
	for rank, position := range longest {
		ranks[position] = int64(rank)
	}
	keys := make([]int64, p.Len()) // of the rows: the replicate above the rank of the configuration
	for _, row := range p.firsts {
		position, replicate := p.grid.At(int(row))
		keys[row] = int64(replicate)<<32 | ranks[position]
	}
	p.order = slices.Clone(p.firsts)
	slices.SortFunc(p.order, func(a, b int32) int { return cmp.Compare(keys[a], keys[b]) })
}

func (p *Plan) costOf(row int) float64 {
	position, _ := p.grid.At(row)
	return p.configurations[position].cost
}
