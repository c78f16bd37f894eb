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
	undisturbed := run(t, simulate.Setup{Seed: calmSeed, Calm: true})
	if undisturbed.Violation != nil || undisturbed.Tally[simulate.Crashes]+undisturbed.Tally[simulate.Failures] > 0 {
		t.Fatalf("%v: this history must be undisturbed, and without tasks that are no good", undisturbed.Violation)
	}
	t.Logf("%d calls of the store", undisturbed.StoreCalls)
	for _, fate := range []simulate.Fate{simulate.KilledBefore, simulate.KilledWithin, simulate.KilledAfter} {
		for call := 1; call <= undisturbed.StoreCalls; call++ {
			s := simulate.Setup{Seed: calmSeed, Calm: true}
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

// calmSeed is a short history of many tasks.
const calmSeed = 41
