package simulate

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
)

// What the worker's end of a connection says when no answer comes.
var (
	errNobody  = status.Error(codes.Unavailable, "connection refused") // provably, the call was not received
	errAway    = status.Error(codes.Unavailable, "connection lost")
	errTimeout = status.Error(codes.DeadlineExceeded, "no answer in time")
	errRefused = status.Error(codes.Unauthenticated, "wrong token")
	errBusy    = busyError()
)

// busyPause is the pause that a busy coordinator asks for.
const busyPause = time.Second

func busyError() error {
	s, err := status.New(codes.ResourceExhausted, "too many calls").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(busyPause)})
	if err != nil {
		panic(err) // constant input
	}
	return s.Err()
}

// Timeouts of an operator's call, and of a transfer (worker/agent/limits.go).
const (
	patience         = protocol.CallTimeout
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
	broken := func(err error) func() {
		return func() { from.later(w.upTo(patience/2), func() { fail(err) }) }
	}
	reply := func(answer T, err error) {
		w.carry(from, to, broken(errAway), func() { from.later(0, func() { end(answer, err) }) })
	}
	lost := errAway
	if w.cut(from, to) { // no connection came about
		lost = errNobody
	}
	received, refused := false, false
	w.carry(from, to, broken(lost), func() {
		to.receive(func() {
			if refused {
				return // a call that was not received is not received later
			}
			received = true
			if to.limited() {
				reply(none, errBusy)
				return
			}
			serve(to, reply)
		}, func() {
			if received {
				reply(none, errAway)
				return
			}
			refused = true
			reply(none, errNobody)
		})
	})
}

func (w *world) cut(from *worker, to *coordinator) bool {
	return w.now.Before(w.cuts[line{from.host, to.number}])
}

// carry brings a message over the network, or not, or twice. broken tells the
// worker of a connection that was lost with it, if it notices.
func (w *world) carry(from *worker, to *coordinator, broken, arrive func()) {
	if w.cut(from, to) || w.trouble(w.odds.lose) {
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

// line is the path between a machine and a coordinator.
type line struct {
	host        *host
	coordinator int
}
