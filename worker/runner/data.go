package runner

import (
	"fmt"
	"slices"
	"sync"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// maxDataSets is the number of data sets in the cache: more than the thirty of
// Fig. S1, which every replicate reuses.
const maxDataSets = 64

// floors is the random purpose of the splits for the floors.
const floors random.Purpose = "floors"

// data holds a task's windows to train on and the statistics to compare with. It
// must not be modified.
type data struct {
	binMS   float64
	windows *recording.Windows // to train on
	seen    statistics.Data
	unseen  *recording.Windows // held out; nil without a holdout
	heldout *statistics.Data   // nil without a holdout
}

// dataKey identifies a data set. Tasks on the same raster share its pointer; the
// key contains the pointer because hashing even the smallest raster takes as long
// as a hundred steps of training.
type dataKey struct {
	raster               *recording.Raster
	binMS                float64
	timesteps            int
	holdout, holdoutTime float64
	seed                 uint64
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
	return s.set(dataKey{t.Raster, c.Recording.BinMS, c.Timesteps, c.Recording.Holdout, c.Recording.HoldoutTime, c.Seed})()
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

// makeData splits the recording and computes the statistics of both parts. The splits
// do not depend on the replicate: all tasks on the same data get the same floors.
func makeData(key dataKey) (*data, error) {
	d, err := split(key)
	if err != nil {
		return nil, fmt.Errorf("prepare the data: %w", err)
	}
	halves := random.Training{Seed: key.seed, Neurons: key.raster.Neurons, Timesteps: key.timesteps}.Stream(floors)
	d.seen = statistics.NewData(d.windows, statistics.FloorSplits, halves)
	if d.unseen != nil {
		var heldout statistics.Data
		if key.holdoutTime > 0 {
			heldout = statistics.NewData(d.unseen, statistics.FloorSplits, halves)
		} else {
			heldout = statistics.NewHeldout(d.windows, d.unseen, statistics.FloorSplits, halves)
		}
		d.heldout = &heldout
	}
	return d, nil
}

// split returns the windows of both parts, without statistics. The width of a bin is the
// configuration's, not the raster's: rasters of equal bits share one transfer.
func split(key dataKey) (d *data, err error) {
	d = &data{binMS: key.binMS}
	raster := *key.raster
	raster.BinMS = key.binMS
	if key.holdoutTime > 0 {
		train, heldout, err := raster.HoldoutTime(key.holdoutTime, key.timesteps, key.seed)
		if err != nil {
			return nil, err
		}
		if d.windows, err = raster.WindowsIn(train, key.timesteps); err != nil {
			return nil, err
		}
		d.unseen, err = raster.WindowsIn(heldout, key.timesteps)
		return d, err
	}
	train, heldout, err := raster.Holdout(key.holdout, key.seed)
	if err != nil {
		return nil, err
	}
	if d.windows, err = train.Windows(key.timesteps); err != nil {
		return nil, err
	}
	if heldout != nil {
		d.unseen, err = heldout.Windows(key.timesteps)
	}
	return d, err
}

// scored returns the windows of both parts by which models are scored: of the held-out
// part all, by repeat or by block, and of the other part windows side by side, because
// it is larger and needs no interval. There must be a holdout.
func (d *data) scored(c sweep.Configuration) (seen, unseen *statistics.ScoredWindows) {
	unit := statistics.ByRepeat
	if c.Recording.HoldoutTime > 0 {
		unit = statistics.BySegment
	}
	return statistics.NewScoredWindows(d.windows, statistics.ByRepeat, c.Timesteps), statistics.NewScoredWindows(d.unseen, unit, 1)
}
