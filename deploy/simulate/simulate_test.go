package simulate_test

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spiqsweep/deploy/simulate"
)

var (
	seed  = flag.Uint64("seed", 0, "run only this history, and print it with -v")
	seeds = flag.Int("seeds", 100, "run the histories from 1 up to this one")
)

// enoughSeeds is the number of histories in which each kind of event must occur.
const enoughSeeds = 100

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSimulation(t *testing.T) {
	if *seed != 0 {
		outcome := run(t, simulate.Setup{Seed: *seed, Trace: true})
		t.Log("\n" + strings.Join(outcome.Trace, "\n"))
		if outcome.Violation != nil {
			t.Error(outcome.Violation)
		}
		return
	}
	var tally simulate.Tally
	for i := range uint64(*seeds) {
		outcome := run(t, simulate.Setup{Seed: i + 1})
		tally.Add(outcome.Tally)
		if outcome.Violation != nil {
			outcome = run(t, simulate.Setup{Seed: i + 1, Trace: true})
			t.Fatalf("seed %d:\n%s\n%v\nreplay: go test ./deploy/simulate -run TestSimulation -v -seed %d",
				i+1, strings.Join(outcome.Trace, "\n"), outcome.Violation, i+1)
		}
	}
	for e, n := range tally {
		t.Logf("%8d %v", n, simulate.Event(e))
		if n == 0 && *seeds >= enoughSeeds {
			t.Errorf("no %v in %d histories: the faults are too weak", simulate.Event(e), *seeds)
		}
	}
}

// TestReplay checks that the seed alone determines a history.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		s := simulate.Setup{Seed: seed, Trace: true}
		first, second := run(t, s), run(t, s)
		if !slices.Equal(first.Trace, second.Trace) {
			t.Errorf("seed %d has two histories", seed)
		}
		s.Trace = false
		if silent := run(t, s); silent.Tally != first.Tally || silent.Took != first.Took {
			t.Errorf("seed %d has another history when it is not recorded", seed)
		}
	}
}

func run(t testing.TB, s simulate.Setup) simulate.Outcome {
	t.Helper()
	outcome, err := simulate.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
