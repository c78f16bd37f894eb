package simulate

import (
	"slices"
	"time"
)

// host is a machine with an engine that keeps a worker running on it. Engines
// start a second one when they take a frozen one for dead.
type host struct {
	*world
	name     string
	slots    int
	speed    float64 // steps per time, of a machine of speed 1
	liar     bool    // it computes other bits now and then
	patience time.Duration
	stays    bool // its workers wait for the next sweep when all is done
	workers  []*worker
}

func (h *host) lost(wk *worker) {
	h.workers = slices.DeleteFunc(h.workers, func(other *worker) bool { return other == wk })
	pause := h.between(100*time.Millisecond, 60*time.Second)
	if h.calm {
		pause = h.between(100*time.Millisecond, 2*time.Second)
	}
	h.after(pause, h.keep)
}

// keep makes sure that a worker runs, as long as there may be work.
func (h *host) keep() {
	if len(h.workers) == 0 && (!h.calm || h.ledger.open() > 0) {
		h.startWorker()
	}
}
