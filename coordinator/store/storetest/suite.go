package storetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// Run tests the contract of queue.Store. open must return an empty store each time.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	queuetest.RunScenarios(t, "contract", contract, open)
}
