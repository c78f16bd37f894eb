package runner

import (
	"sync"
	"testing"
)

func TestDataIsMadeOnceForAllThatShareIt(t *testing.T) {
	shelf := newDataShelf()
	task := smallTask(t, 2, 1)
	sets := make([]*data, 8)
	var wait sync.WaitGroup
	for i := range sets {
		wait.Go(func() { sets[i], _ = shelf.of(task) })
	}
	wait.Wait()
	for _, set := range sets {
		if set == nil || set != sets[0] {
			t.Fatalf("sets are %p, want one", sets)
		}
	}
	for _, other := range []Task{smallTask(t, 2, 2), smallTask(t, 2, 1, "seed", 9.0), smallTask(t, 2, 1, "holdout", 0.5), smallTask(t, 3, 1)} {
		if set, err := shelf.of(other); err != nil || set == sets[0] {
			t.Errorf("set %p, error %v, want one of its own", set, err)
		}
	}
}

func TestDataShelfKeepsTheMostRecent(t *testing.T) {
	shelf := newDataShelf()
	task := smallTask(t, 2, 1)
	first, err := shelf.of(task)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range keptData {
		if _, err := shelf.of(smallTask(t, 2, 1, "seed", float64(100+seed))); err != nil {
			t.Fatal(err)
		}
		if seed < keptData-1 {
			if again, _ := shelf.of(task); again != first {
				t.Fatalf("lost after %d others, though in use", seed+1)
			}
		}
	}
	if len(shelf.sets) != keptData || len(shelf.order) != keptData {
		t.Errorf("keeps %d sets in an order of %d", len(shelf.sets), len(shelf.order))
	}
	for seed := range keptData {
		if _, err := shelf.of(smallTask(t, 2, 1, "seed", float64(200+seed))); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := shelf.of(task); again == first {
		t.Error("is still kept after as many others as there is room for")
	}
}
