package simulate_test

import (
	"testing"

	"spiqsweep/deploy/simulate"
)

// TestKilledAtEveryCallOfTheStore lives through a history in which nothing else
// goes wrong, as often as there are calls of the store in it: each time, the
// coordinator that makes the call is killed before it, within it, or after it
// was committed and before anybody was answered.
func TestKilledAtEveryCallOfTheStore(t *testing.T) {
	atEveryCall(t, simulate.KilledBefore, simulate.KilledWithin, simulate.KilledAfter)
}

// TestFailedAtEveryCallOfTheStore lets the coordinator live, but its call fail: it
// did nothing, was undone, or was committed without anybody being told.
func TestFailedAtEveryCallOfTheStore(t *testing.T) {
	atEveryCall(t, simulate.Unavailable, simulate.RolledBack, simulate.Unanswered)
}

// atEveryCall lets each call of a calm history in turn meet each fate: what comes
// of the sweep must be what comes of it undisturbed.
func atEveryCall(t *testing.T, fates ...simulate.Fate) {
	t.Helper()
	undisturbed := calm(t)
	t.Logf("%d calls of the store, %d results", undisturbed.StoreCalls, undisturbed.Tally[simulate.Accepted])
	for _, fate := range fates {
		for call := 1; call <= undisturbed.StoreCalls; call++ {
			s := simulate.Setup{Seed: undisturbed.Seed, Calm: true}
			s.Kill.Call, s.Kill.Fate = call, fate
			outcome := run(t, s)
			if outcome.Violation != nil {
				t.Fatalf("call %d was %v: %v", call, fate, outcome.Violation)
			}
			if got, want := outcome.Tally[simulate.Accepted], undisturbed.Tally[simulate.Accepted]; got != want {
				t.Errorf("call %d was %v: %d results were accepted, want %d", call, fate, got, want)
			}
			if lost := outcome.Tally[simulate.LostLeases]; lost > 0 {
				t.Errorf("call %d was %v: %d leases were lost, though a coordinator was there again after a second", call, fate, lost)
			}
		}
	}
}

// calm finds a short history in which nothing goes wrong.
func calm(t *testing.T) simulate.Outcome {
	t.Helper()
	for seed := uint64(1); seed <= 1000; seed++ {
		outcome := run(t, simulate.Setup{Seed: seed, Calm: true})
		if outcome.Violation != nil {
			t.Fatalf("seed %d: %v", seed, outcome.Violation)
		}
		bad := outcome.Tally[simulate.Crashes] + outcome.Tally[simulate.Failures]
		if bad == 0 && outcome.StoreCalls < 200 && outcome.Tally[simulate.Accepted] > 8 {
			return outcome
		}
	}
	t.Fatal("no such history")
	return simulate.Outcome{}
}
