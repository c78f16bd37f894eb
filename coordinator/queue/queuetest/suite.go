package queuetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// Run runs the scenarios of all rules on stores that open returns. Each store must be
// empty.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	for _, group := range []struct {
		name      string
		scenarios []Scenario
	}{
		{"plan", planScenarios},
		{"sync", syncScenarios},
		{"wait", waitScenarios},
		{"refuse", refusalScenarios},
		{"results", resultScenarios},
		{"select", selectScenarios},
		{"cancel", cancelScenarios},
		{"drain", drainScenarios},
		{"verify", verifyScenarios},
		{"blame", blameScenarios},
		{"expiry", expiryScenarios},
		{"exclusive", exclusiveScenarios},
		{"checkpoints", checkpointScenarios},
		{"order", orderScenarios},
		{"limits", limitScenarios},
		{"read", readScenarios},
		{"find", findScenarios},
	} {
		RunScenarios(t, group.name, group.scenarios, open)
	}
}

// Scenario is a sequence of calls with its assertions.
type Scenario struct {
	Name string
	Run  func(t *testing.T, f *Fixture)
}

// RunScenarios runs each scenario as a subtest on a new fixture.
func RunScenarios(t *testing.T, group string, scenarios []Scenario, open func(t testing.TB, now func() time.Time) queue.Store) {
	for _, s := range scenarios {
		t.Run(group+"/"+s.Name, func(t *testing.T) {
			f := NewFixture(t, func(now func() time.Time) queue.Store { return open(t, now) }, queue.Policy{})
			defer f.Close()
			s.Run(t, f)
		})
	}
}
