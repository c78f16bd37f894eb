package queuetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// Run runs the scenarios of all rules on a kind of store. open must return an empty
// store each time.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	for _, group := range []struct {
		name      string
		scenarios []Scenario
	}{
		{"plan", planning},
		{"sync", syncing},
		{"waking", waking},
		{"refusing", refusing},
		{"results", results},
		{"selecting", selecting},
		{"cancelling", cancelling},
		{"leaving", leaving},
		{"verifying", verifying},
		{"blame", blaming},
		{"expiry", expiring},
		{"companions", companions},
		{"checkpoints", checkpointing},
		{"order", ordering},
		{"reading", reading},
		{"finding", finding},
	} {
		RunScenarios(t, group.name, group.scenarios, open)
	}
}

// Scenario is a sequence of calls with its assertions.
type Scenario struct {
	Name string
	Run  func(t *testing.T, f *Fixture)
}

// RunScenarios runs each scenario as a subtest on a fixture of its own.
func RunScenarios(t *testing.T, group string, scenarios []Scenario, open func(t testing.TB, now func() time.Time) queue.Store) {
	for _, s := range scenarios {
		t.Run(group+"/"+s.Name, func(t *testing.T) {
			f := NewFixture(t, func(now func() time.Time) queue.Store { return open(t, now) }, queue.Policy{})
			defer f.Close()
			s.Run(t, f)
		})
	}
}
