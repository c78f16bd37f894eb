package app_test

import (
	"errors"
	"slices"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
)

// TestWorkersFitIntoMemory opens a sweep whose largest task takes 1.7 GB with two local workers.
func TestWorkersFitIntoMemory(t *testing.T) {
	const grid = `sweep "large" {
  grid {
    neurons = [2, 20]
  }
}`
	const why = "n=20 t=1 k=0 takes about 1.7 GB of memory, and this machine has "
	for name, test := range map[string]struct {
		memory  uint64
		chosen  bool
		workers int
		notice  string
		fault   string
	}{
		"unknown memory":          {memory: 0, workers: 2},
		"enough":                  {memory: 4e9, workers: 2},
		"enough for one":          {memory: 3e9, workers: 1, notice: why + "3.0 GB: --local 1 instead of 2"},
		"enough for one, not two": {memory: 3e9, chosen: true, fault: "--local 2: " + why + "3.0 GB: give --local 1"},
		"too little": {memory: 1e9, fault: why + "1.0 GB: leave the configuration out of the grid, " +
			"or start workers on a machine with more, with --listen and --local 0"},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, grid, &fakeWorkers{})
			c.Memory, c.LocalIsDefault = test.memory, !test.chosen
			a, err := app.Open(t.Context(), c)
			if err != nil {
				if input := (*folder.InputError)(nil); !errors.As(err, &input) || err.Error() != test.fault {
					t.Errorf("error %v, want %q", err, test.fault)
				}
				return
			}
			defer a.Close()
			if a.Local != test.workers || test.fault != "" {
				t.Errorf("%d local workers, want %d, or the error %q", a.Local, test.workers, test.fault)
			}
			if slices.Contains(a.Notices, test.notice) != (test.notice != "") {
				t.Errorf("notices %q, want %q", a.Notices, test.notice)
			}
		})
	}
}
