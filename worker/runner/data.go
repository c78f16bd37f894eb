package runner

import (
	"fmt"
	"slices"
	"sync"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// maxDataSets is the number of data sets in the cache: more than the thirty of
// Fig. S1, which every replicate reuses.
const maxDataSets = 64

// floors is the random purpose of the splits for the floors.
const floors random.Purpose = "floors"

// data holds a task's windows to train on and the statistics to compare with. It
// must not be modified.
type data struct {
	windows *recording.Windows // of the repeats to train on
	seen    statistics.Data
	heldout *statistics.Data // nil without a holdout
}

// dataKey identifies a data set. Tasks on the same raster share its pointer; the
// key contains the pointer because hashing even the smallest raster takes as long
// as a hundred steps of training.
type dataKey struct {
	raster    *recording.Raster
	timesteps int
	holdout   float64
	seed      uint64
}

// dataCache computes each data set once and keeps the most recently used ones.
type dataCache struct {
	mu    sync.Mutex // guards sets and order; not held while a set is computed
	sets  map[dataKey]func() (*data, error)
	order []dataKey // least recently used first
}

func newDataCache() *dataCache {
	return &dataCache{sets: map[dataKey]func() (*data, error){}}
}

// get returns the data of a task. Concurrent tasks that need the same set wait for
// the task that computes it.
func (s *dataCache) get(t Task) (*data, error) {
	c := t.Configuration
	return s.set(dataKey{t.Raster, c.Timesteps, c.Recording.Holdout, c.Seed})()
}

func (s *dataCache) set(key dataKey) func() (*data, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set, ok := s.sets[key]
	if !ok {
		set = sync.OnceValues(func() (*data, error) { return makeData(key) })
		s.sets[key] = set
	}
	s.order = append(slices.DeleteFunc(s.order, func(k dataKey) bool { return k == key }), key)
	if len(s.order) > maxDataSets {
		delete(s.sets, s.order[0])
		s.order = s.order[1:]
	}
	return set
}

// makeData splits the repeats and computes their statistics. The splits do not
// depend on the replicate: all tasks on the same data get the same floors.
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
