package queuetest

import (
	"fmt"
	"iter"
	"sync"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// The common properties of all tasks.
const (
	KernelClass = "portable/test"
	Recording   = "5f1c0d3e" // in place of a digest
	Steps       = 100
)

// Task returns the task with a number. It is the smallest possible training.
func Task(number int) sweep.Task { return tasks.of(number) }

// Result returns a valid result of any Task. Two variants differ in one number.
func Result(variant int) *queue.ResultReport {
	r := reports.of(variant)
	return &r
}

var (
	tasks   = memo[sweep.Task]{make: makeTask}
	reports = memo[queue.ResultReport]{make: makeResult}
)

// memo caches values by number.
type memo[T any] struct {
	make func(int) T
	mu   sync.Mutex
	all  map[int]T // guarded by mu
}

func (m *memo[T]) of(number int) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, ok := m.all[number]
	if !ok {
		if m.all == nil {
			m.all = map[int]T{}
		}
		one = m.make(number)
		m.all[number] = one
	}
	return one
}

func makeTask(number int) sweep.Task {
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.Circuit.Layers = 1, 1, 1
	c.Training.Steps = Steps
	c.Replicate = number
	return sweep.Task{
		// Not the real ID, which would change whenever a setting is added.
		ID:                 sweep.TaskID(fmt.Sprintf("%064x", number)),
		ConfigurationIndex: number, Configuration: c, Recording: Recording,
	}
}

// Plan returns the tasks with numbers from, …, to-1, each with a cost in seconds.
func Plan(from, to int, cost float64) []queue.Planned {
	var plan []queue.Planned
	for i := from; i < to; i++ {
		plan = append(plan, queue.Planned{Task: Task(i), Row: i, Order: i, Cost: cost})
	}
	return plan
}

// Stream returns the tasks of a plan as an iterator.
func Stream(plan []queue.Planned) iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		for _, task := range plan {
			if !yield(task, nil) {
				return
			}
		}
	}
}

func makeResult(variant int) queue.ResultReport {
	samples := make([][]uint32, sweep.SampleWindows)
	for i := range samples {
		samples[i] = []uint32{uint32(i) % 2}
	}
	vectors := map[string][]float64{
		"k_probability":   {0.75, 0.25},
		"firing_rate_hz":  {12.5},
		"rate_by_step_hz": {12.5},
	}
	body, err := sweep.Result{
		TrainableParameters: 2,
		Errors:              map[string]float64{"k_probability": 0.001, "firing_rate_hz2": 1 + float64(variant)},
		Floors:              map[string]float64{"k_probability": 0.0001, "firing_rate_hz2": 0.01},
		Model:               vectors,
		Data:                vectors,
		Angles:              [][][][2]float64{{{{0.5, 1.5}}}},
		Samples:             samples,
	}.Encode()
	if err != nil {
		panic(fmt.Sprintf("queuetest: %v", err))
	}
	return queue.ResultReport{Body: body, Digest: sweep.Digest(body), ComputeTime: 2e9}
}
