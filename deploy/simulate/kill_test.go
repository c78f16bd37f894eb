package simulate_test

import (
	"testing"

	"spiqsweep/deploy/simulate"
)

// TestKilledAtEveryStoreCall runs a history without other faults once for each call to
// the store, and kills the coordinator before the call, within it, and after its commit.
func TestKilledAtEveryStoreCall(t *testing.T) {
	atEveryCall(t, simulate.KilledBefore, simulate.KilledWithin, simulate.KilledAfter)
}

// TestFailureOfEveryStoreCall does the same, but only the call fails: without effect,
// rolled back, or committed without an answer.
func TestFailureOfEveryStoreCall(t *testing.T) {
	atEveryCall(t, simulate.Unavailable, simulate.RolledBack, simulate.Unanswered)
}

// atEveryCall runs a history once for each call to the store and each fault. The sweep
// must end as without the fault.
func atEveryCall(t *testing.T, faults ...simulate.StoreFault) {
	t.Helper()
	undisturbed := faultless(t)
	t.Logf("%d calls to the store, %d results", undisturbed.StoreCalls, undisturbed.Tally[simulate.Accepted])
	for _, fault := range faults {
		for call := 1; call <= undisturbed.StoreCalls; call++ {
			s := simulate.Setup{Seed: undisturbed.Seed, NoFaults: true}
			s.StoreFaultAt.Call, s.StoreFaultAt.Fault = call, fault
			outcome := run(t, s)
			if outcome.Violation != nil {
				t.Fatalf("call %d was %v: %v", call, fault, outcome.Violation)
			}
			if got, want := outcome.Tally[simulate.Accepted], undisturbed.Tally[simulate.Accepted]; got != want {
				t.Errorf("call %d was %v: %d results were accepted, want %d", call, fault, got, want)
			}
			if lost := outcome.Tally[simulate.LostLeases]; lost > 0 {
				t.Errorf("call %d was %v: %d leases were lost, though a coordinator was running again after a second", call, fault, lost)
			}
		}
	}
}

// faultless finds a short history without faults.
func faultless(t *testing.T) simulate.Outcome {
	t.Helper()
	for seed := uint64(1); seed <= 1000; seed++ {
		outcome := run(t, simulate.Setup{Seed: seed, NoFaults: true})
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
