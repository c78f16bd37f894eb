package storetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// Run runs the suite on a kind of store. open must return an empty store each time.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	queuetest.RunScenarios(t, "contract", contract, open)
	queuetest.Run(t, open)
}
