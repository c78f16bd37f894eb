package runner

import (
	"sync"
	"testing"

	"spiqsweep/simulator/recording"
)

func TestDataIsComputedOnce(t *testing.T) {
	cache := newDataCache()
	task := smallTask(t, 2, 1)
	sets := make([]*data, 8)
	var wait sync.WaitGroup
	for i := range sets {
		wait.Go(func() { sets[i], _ = cache.get(task) })
	}
	wait.Wait()
	for _, set := range sets {
		if set == nil || set != sets[0] {
			t.Fatalf("sets are %p, want one", sets)
		}
	}
	for _, other := range []Task{smallTask(t, 2, 2), smallTask(t, 2, 1, "seed", 9.0), smallTask(t, 2, 1, "holdout", 0.5), smallTask(t, 3, 1)} {
		if set, err := cache.get(other); err != nil || set == sets[0] {
			t.Errorf("set %p, error %v, want a new set", set, err)
		}
	}
}

func TestDataCacheKeepsTheMostRecent(t *testing.T) {
	cache := newDataCache()
	task := smallTask(t, 2, 1)
	first, err := cache.get(task)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range maxDataSets {
		if _, err := cache.get(smallTask(t, 2, 1, "seed", float64(100+seed))); err != nil {
			t.Fatal(err)
		}
		if seed < maxDataSets-1 {
			if again, _ := cache.get(task); again != first {
				t.Fatalf("evicted after %d others, although in use", seed+1)
			}
		}
	}
	if len(cache.sets) != maxDataSets || len(cache.order) != maxDataSets {
		t.Errorf("keeps %d sets in an order of %d", len(cache.sets), len(cache.order))
	}
	for seed := range maxDataSets {
		if _, err := cache.get(smallTask(t, 2, 1, "seed", float64(200+seed))); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := cache.get(task); again == first {
		t.Error("not evicted from a full cache")
	}
}

// TestHoldoutTimeNeverTrainsOnHeldOutBins numbers the bins by words of 7 neurons, so
// that each word tells its bin, and checks the windows of both parts.
func TestHoldoutTimeNeverTrainsOnHeldOutBins(t *testing.T) {
	r := &recording.Raster{Neurons: 7, Repeats: 4, Bins: 120, BinMS: 20, NeuronIDs: make([]int, 7)}
	for range r.Repeats {
		for bin := range r.Bins {
			r.Words = append(r.Words, uint32(bin))
		}
	}
	d, err := makeData(dataKey{raster: r, timesteps: 3, holdoutTime: 0.5, seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	part := map[uint32]*recording.Windows{}
	for _, w := range []*recording.Windows{d.windows, d.unseen} {
		words := make([]uint32, 3)
		for i := range w.Len() {
			w.At(i, words)
			for _, word := range words {
				if other, seen := part[word]; seen && other != w {
					t.Fatalf("bin %d is in both parts", word)
				}
				part[word] = w
			}
		}
	}
	if len(part) != r.Bins || d.windows.Len() != 4*58 || d.unseen.Len() != 4*58 {
		t.Errorf("%d bins in %d + %d windows: want 120 in 232 + 232", len(part), d.windows.Len(), d.unseen.Len())
	}
	if d.heldout == nil || d.heldout.Floors["firing_rate_hz2"] != 0 {
		t.Errorf("held-out data %+v: want floors of 0, because the repeats are equal", d.heldout)
	}
}
