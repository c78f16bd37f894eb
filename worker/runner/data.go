package runner

import (
	"fmt"
	"slices"
	"sync"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// keptData is how many data sets stay at hand: more than the thirty of Fig. S1, to
// which every replicate comes back.
const keptData = 64

// floors is the purpose of the splits behind the floors.
const floors random.Purpose = "floors"

// data is the real side of a task: windows to train on, and what to compare
// with. It is read only.
type data struct {
	windows *recording.Windows // of the repeats that training sees
	seen    statistics.Data
	heldout *statistics.Data // nil without a holdout
}

// dataKey is all that a data set depends on. Tasks on the same raster share its
// pointer: to hash the smallest raster takes as long as a hundred steps on it.
type dataKey struct {
	raster    *recording.Raster
	timesteps int
	holdout   float64
	seed      uint64
}

// dataShelf makes each data set once and keeps the most recent.
type dataShelf struct {
	mu    sync.Mutex // guards sets and order; a set is made outside of it
	sets  map[dataKey]func() (*data, error)
	order []dataKey // least recently used first
}

func newDataShelf() *dataShelf {
	return &dataShelf{sets: map[dataKey]func() (*data, error){}}
}

// of returns the data of a task. Tasks that need the same set at the same time
// wait for the one that makes it.
func (s *dataShelf) of(t Task) (*data, error) {
	c := t.Configuration
	return s.set(dataKey{t.Raster, c.Timesteps, c.Recording.Holdout, c.Seed})()
}

func (s *dataShelf) set(key dataKey) func() (*data, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set, ok := s.sets[key]
	if !ok {
		set = sync.OnceValues(func() (*data, error) { return makeData(key) })
		s.sets[key] = set
	}
	s.order = append(slices.DeleteFunc(s.order, func(k dataKey) bool { return k == key }), key)
	if len(s.order) > keptData {
		delete(s.sets, s.order[0])
		s.order = s.order[1:]
	}
	return set
}

// makeData splits the repeats and counts them. Its splits do not depend on the
// replicate: all tasks on the same data see the same floors.
func makeData(key dataKey) (*data, error) {
	r := key.raster
	train, heldout, err := r.Holdout(key.holdout, key.seed)
	if err != nil {
		return nil, fmt.Errorf("prepare the data: %w", err)
	}
	windows, err := train.Windows(key.timesteps)
	if err != nil {
		return nil, fmt.Errorf("prepare the data: %w", err)
	}
	splits := random.Training{Seed: key.seed, Neurons: r.Neurons, Timesteps: key.timesteps}.Stream(floors)
	d := &data{windows: windows, seen: statistics.NewData(windows, statistics.FloorSplits, splits)}
	if heldout != nil {
		unseen, err := heldout.Windows(key.timesteps)
		if err != nil {
			return nil, fmt.Errorf("prepare the held-out data: %w", err)
		}
		set := statistics.NewHeldout(windows, unseen, statistics.FloorSplits, splits)
		d.heldout = &set
	}
	return d, nil
}
