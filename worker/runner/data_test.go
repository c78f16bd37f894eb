package runner

import (
	"sync"
	"testing"
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
