package simulate_test

import (
	"fmt"

	"spiqsweep/deploy/simulate"
)

// In a history without faults, every task is trained once.
func Example() {
	outcome, err := simulate.Run(simulate.Setup{Seed: 1, NoFaults: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("violation:", outcome.Violation)
	fmt.Println("as many trainings as results:", outcome.Tally[simulate.Trainings] == outcome.Tally[simulate.Accepted])
	fmt.Println(outcome.Tally[simulate.LostLeases], simulate.LostLeases)
	// Output:
	// violation: <nil>
	// as many trainings as results: true
	// 0 leases lost
}
