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
	stays    bool         // its workers wait for the next sweep when all is done
	parent   *coordinator // that starts its only worker as a child; nil: an engine does
	workers  []*worker
}

// lost notes that a worker has ended.
func (h *host) lost(wk *worker) {
	if !slices.Contains(h.workers, wk) {
		return // an orphan
	}
	h.workers = slices.DeleteFunc(h.workers, func(other *worker) bool { return other == wk })
	pause := h.between(100*time.Millisecond, 60*time.Second)
	if h.calm {
		pause = h.between(100*time.Millisecond, 2*time.Second)
	}
	if c := h.parent; c != nil {
		ended := func(process string) bool { return process == wk.name }
		c.later(c.upTo(5*time.Millisecond), func() {
			c.bury(ended, false)
			c.later(pause, h.keep)
		})
		return
	}
	h.after(pause, h.keep)
}

// orphan ends the local worker of a coordinator that was killed: its standard
// input ends. A frozen one notices when it thaws, and may speak before it does.
func (h *host) orphan() {
	for _, wk := range h.workers {
		wk.later(wk.upTo(5*time.Millisecond), func() {
			wk.log("%s ends with its coordinator", wk.name)
			wk.gone()
		})
	}
	h.workers = nil
}

// keep makes sure that a worker runs, as long as there may be work.
func (h *host) keep() {
	if h.parent != nil && h.parent.dead {
		return // the next coordinator starts it
	}
	if len(h.workers) == 0 && (!h.calm || h.ledger.open() > 0) {
		h.startWorker()
	}
}
