package simulate

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What the worker's end of a connection says when no answer comes.
var (
	errAway    = status.Error(codes.Unavailable, "connection refused, or lost")
	errTimeout = status.Error(codes.DeadlineExceeded, "no answer in time")
)

// How long a worker waits for an answer, and an operator (worker/agent/limits.go).
const (
	patience         = 30 * time.Second
	patienceToChange = 8 * time.Second // where another coordinator could answer
	patienceToLeave  = drainLimit / 3
	transferPatience = 60 * time.Second
)

// exchange carries a call from a worker to the coordinator that it is in touch
// with, and the answer back. Either may be lost, late, or come twice. heard is
// called once, unless an answer comes after all when it was given up.
func exchange[T any](from *worker, patience time.Duration, serve func(*coordinator, func(T, error)), heard func(T, error)) {
	w := from.world
	over := false
	end := func(answer T, err error) {
		if over && !w.trouble(w.odds.stray) {
			return
		}
		over = true
		heard(answer, err)
	}
	var none T
	fail := func(err error) {
		if !over {
			end(none, err)
		}
	}
	from.later(patience, func() { fail(errTimeout) })
	to := from.coordinator()
	broken := func() { from.later(w.upTo(patience/2), func() { fail(errAway) }) }
	reply := func(answer T, err error) {
		w.carry(from, to, broken, func() { from.later(0, func() { end(answer, err) }) })
	}
	w.carry(from, to, broken, func() {
		to.receive(func() { serve(to, reply) }, func() { reply(none, errAway) })
	})
}

// carry brings a message over the network, or not, or twice. broken tells the
// worker of a connection that was lost with it, if it notices.
func (w *world) carry(from *worker, to *coordinator, broken, arrive func()) {
	if w.now.Before(w.cuts[cut{from.host, to.number}]) || w.trouble(w.odds.lose) {
		w.tally[Lost]++
		if w.chance(0.5) {
			broken()
		}
		return
	}
	w.after(w.latency(), arrive)
	if w.trouble(w.odds.double) {
		w.tally[Doubled]++
		w.after(w.latency()+w.upTo(90*time.Second), arrive)
	}
}

// latency of one message: a late one may be overtaken by many.
func (w *world) latency() time.Duration {
	if w.trouble(w.odds.delay) {
		w.tally[Delayed]++
		return w.upTo(90 * time.Second)
	}
	return w.between(time.Millisecond, 20*time.Millisecond)
}

// cut is a broken path between a machine and a coordinator.
type cut struct {
	host        *host
	coordinator int
}
