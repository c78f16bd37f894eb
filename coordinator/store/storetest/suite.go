package storetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// Run runs the suite on a kind of store. open must give an empty one each time.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	for _, group := range []struct {
		name  string
		lives []life
	}{
		{"contract", contract},
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
		for _, l := range group.lives {
			t.Run(group.name+"/"+l.name, func(t *testing.T) {
				lab := NewLab(t, func(now func() time.Time) queue.Store { return open(t, now) }, queue.Policy{})
				defer lab.Close()
				l.live(t, lab)
			})
		}
	}
}

// life is a story with its assertions.
type life struct {
	name string
	live func(t *testing.T, l *Lab)
}
