package runner

import (
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
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
	d, err := makeData(dataKey{raster: r, binMS: 20, timesteps: 3, holdoutTime: 0.5, seed: 2})
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

// TestBinWidthScalesRatesAndIntervals runs tasks that differ only in bin_ms: a bin of half the
// width doubles the rates and halves the intervals, and changes nothing else.
func TestBinWidthScalesRatesAndIntervals(t *testing.T) {
	for name, settings := range map[string][]any{
		"exact": {"holdout", 0.25}, "samples": {"method", "samples"}, "fitted": {"holdout", 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(binMS float64) sweep.Result {
				task := smallTask(t, 2, 4, append([]any{"bin_ms", binMS}, settings...)...)
				if name == "fitted" {
					task.Configuration.Model = "pairwise"
				}
				result, err := sweep.DecodeResult(mustRun(t, newTestRunner(), task))
				if err != nil {
					t.Fatal(err)
				}
				return result
			}
			want, got := run(20), run(10)
			for _, vectors := range []map[string][]float64{want.Model, want.Data, want.Heldout} {
				for _, name := range []string{"firing_rate_hz", "rate_by_step_hz"} {
					for i := range vectors[name] {
						vectors[name][i] *= 2
					}
				}
			}
			for _, errors := range []map[string]float64{want.Errors, want.Floors, want.HeldoutErrors, want.HeldoutFloors} {
				for name := range errors {
					switch name {
					case "firing_rate_hz2", "rate_by_step_hz2":
						errors[name] *= 4
					case "isi_mean_ms2", "isi_sd_ms2":
						errors[name] /= 4
					}
				}
			}
			for _, intervals := range []map[string][2]float64{want.ErrorIntervals, want.HeldoutErrorIntervals} {
				if ends, ok := intervals["firing_rate_hz2"]; ok {
					intervals["firing_rate_hz2"] = [2]float64{4 * ends[0], 4 * ends[1]}
				}
			}
			if want.Errors["isi_mean_ms2"] == 0 || want.Errors["firing_rate_hz2"] == 0 && name != "fitted" {
				t.Fatalf("errors of 0 scale by any factor: %v", want.Errors)
			}
			near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)) })
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Errorf("bins of 10 ms (-want +got):\n%s", diff)
			}
		})
	}
}
