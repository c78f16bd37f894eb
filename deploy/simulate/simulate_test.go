package simulate_test

import (
	"flag"
	"strings"
	"testing"

	"spiqsweep/deploy/simulate"
)

var (
	seed  = flag.Uint64("seed", 0, "live through this history alone, and print it")
	seeds = flag.Int("seeds", 100, "live through so many histories")
)

func TestSimulation(t *testing.T) {
	if *seed != 0 {
		outcome := run(t, simulate.Setup{Seed: *seed, History: true})
		t.Logf("%s", strings.Join(outcome.History, "\n"))
		if outcome.Violation != nil {
			t.Errorf("%v", outcome.Violation)
		}
		return
	}
	var tally simulate.Tally
	failed := 0
	for i := 1; i <= *seeds && failed < 5; i++ {
		outcome := run(t, simulate.Setup{Seed: uint64(i)})
		tally.Add(outcome.Tally)
		if outcome.Violation != nil {
			failed++
			t.Errorf("seed %d: %v", i, outcome.Violation)
		}
	}
	for e, n := range tally {
		t.Logf("%8d %v", n, simulate.Event(e))
	}
}

func run(t *testing.T, s simulate.Setup) simulate.Outcome {
	t.Helper()
	outcome, err := simulate.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
