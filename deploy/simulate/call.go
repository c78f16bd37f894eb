package simulate

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/worker/agent"
)

// Errors of a worker's call.
var (
	errUnreached = status.Error(codes.Unavailable, "connection refused") // the coordinator has not received the call
	errLost      = status.Error(codes.Unavailable, "connection lost")
	errTimeout   = status.Error(codes.DeadlineExceeded, "no answer in time")
	errRefused   = status.Error(codes.Unauthenticated, "wrong token")
	errBusy      = busyError()
)

// busyPause is the pause that a busy coordinator requests.
const busyPause = time.Second

func busyError() error {
	s, err := status.New(codes.ResourceExhausted, "too many calls").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(busyPause)})
	if err != nil {
		panic(err) // constant input
	}
	return s.Err()
}

// Timeouts of an operator's call and of a worker's transfer (worker/agent/limits.go).
const (
	operatorTimeout = protocol.CallTimeout
	transferTimeout = 60 * time.Second
)

// exchange transmits a call from a worker to its coordinator, and the answer back. Either
// may be lost, delayed, or arrive twice. exchange calls receive once, and possibly again
// if an answer arrives after the timeout.
func exchange[T any](from *worker, timeout time.Duration, serve func(*coordinator, func(T, error)), receive func(T, error)) {
	sim := from.simulation
	ended := false
	end := func(answer T, err error) {
		if ended && !sim.mayFail(sim.odds.stale) {
			return
		}
		ended = true
		receive(answer, err)
	}
	var none T
	fail := func(err error) {
		if !ended {
			end(none, err)
		}
	}
	from.later(timeout, func() { fail(errTimeout) })
	to := from.coordinator()
	broken := func(err error) func() {
		return func() { from.later(sim.upTo(timeout/2), func() { fail(err) }) }
	}
	reply := func(answer T, err error) {
		sim.transmit(from, to, broken(errLost), func() { from.later(0, func() { end(answer, err) }) })
	}
	lost := errLost
	if sim.cut(from, to) { // no connection is made
		lost = errUnreached
	}
	received, refused := false, false
	sim.transmit(from, to, broken(lost), func() {
		to.receive(func() {
			if refused {
				return // the worker learns that the call was not received
			}
			received = true
			if to.limited() {
				reply(none, errBusy)
				return
			}
			if to.refuse(from.host) {
				reply(none, errRefused)
				return
			}
			serve(to, reply)
		}, func() {
			if received {
				reply(none, errLost)
				return
			}
			refused = true
			reply(none, errUnreached)
		})
	})
}

func (sim *simulation) cut(from *worker, to *coordinator) bool {
	return sim.now.Before(sim.cuts[link{from.host, to.number}])
}

// transmit delivers a message, which may be lost or arrive twice. If it is lost and the
// worker notices, transmit calls broken.
func (sim *simulation) transmit(from *worker, to *coordinator, broken, arrive func()) {
	if sim.cut(from, to) || sim.mayFail(sim.odds.lose) {
		sim.tally[Lost]++
		if sim.chance(0.5) {
			broken()
		}
		return
	}
	sim.after(sim.latency(), arrive)
	if sim.mayFail(sim.odds.duplicate) {
		sim.tally[Duplicated]++
		sim.after(sim.latency()+sim.upTo(90*time.Second), arrive)
	}
}

// latency draws the latency of a message. Other messages may overtake a delayed one.
func (sim *simulation) latency() time.Duration {
	if sim.mayFail(sim.odds.delay) {
		sim.tally[Delayed]++
		return sim.upTo(90 * time.Second)
	}
	return sim.between(time.Millisecond, 20*time.Millisecond)
}

// link is the network path between a host and a coordinator.
type link struct {
	host        *host
	coordinator int
}

// call sends a Sync. The answer to a replaced one is usually dropped.
func (wk *worker) call(request *spiqsweepv1.SyncRequest) {
	number := request.GetSequence()
	wk.calling = number
	wk.checkPause(request.GetDraining())
	wk.checkReportedTime(request)
	to, connection := wk.coordinator(), wk.connection
	exchange(wk, agent.AnswerTimeout(request, len(wk.addresses)), func(c *coordinator, reply func(*spiqsweepv1.SyncResponse, error)) {
		wk.log("%s receives call %d of %s: holds %d, reports %d, free %d, draining %t", c.name, number, wk.name,
			len(request.GetHeld()), len(request.GetReports()), request.GetFreeSlots(), request.GetDraining())
		c.sync(request, reply)
	}, func(answer *spiqsweepv1.SyncResponse, err error) {
		awaited := number == wk.calling
		switch {
		case awaited:
			wk.calling = 0
		case !wk.mayFail(wk.odds.stale):
			return // the call was replaced
		}
		if err != nil {
			wk.failed(to, connection, awaited, agent.CallFailed{Sequence: number, Err: err, Unreached: errors.Is(err, errUnreached)})
			return
		}
		if awaited {
			wk.answered, wk.refusals = true, refusals{}
			wk.recordAnswer(answer)
		}
		wk.log("%s receives answer %d: %d assignments, %d verdicts, done %t, drain %t", wk.name, number,
			len(answer.GetAssignments()), len(answer.GetVerdicts()), answer.GetDone(), answer.GetDrain())
		wk.step(agent.Answered{Sequence: number, Response: answer})
		if awaited && !wk.dead {
			wk.checkWithdrawn(answer)
			if wk.noneFits && len(wk.runs) == 0 {
				wk.expectExit()
			}
		}
	})
}

// failed handles a call without an answer. The worker switches to another coordinator,
// unless this one is only busy or the worker has already left that connection.
func (wk *worker) failed(to *coordinator, connection int, awaited bool, e agent.CallFailed) {
	if !agent.Busy(e.Err) && connection == wk.connection {
		wk.failOver()
	}
	if awaited {
		switch {
		case errors.Is(e.Err, errRefused):
			wk.refusals.calls++
			wk.refusals.refused = true
		case e.Unreached && !wk.answered:
			wk.refusals.calls++
		default:
			wk.refusals = refusals{}
		}
		if e.Unreached {
			wk.tally[Unreached]++
		}
		if errors.Is(e.Err, errBusy) {
			wk.requestedPause = pause{by: to, until: wk.now.Add(busyPause), skew: wk.skew}
		}
	}
	wk.step(e)
	if awaited && wk.refused() && !wk.dead {
		wk.violated(Refused, "%s continues, though each of %d coordinators refuses it", wk.name, len(wk.addresses))
	}
}

// checkPause checks the call after one that a busy coordinator rejected. It must go to
// the same coordinator, and not before the requested pause is over.
func (wk *worker) checkPause(draining bool) {
	requestedPause := wk.requestedPause
	wk.requestedPause = pause{}
	if requestedPause.by == nil {
		return
	}
	if wk.coordinator() != requestedPause.by {
		wk.violated(Busy, "%s found %s busy, and calls %s", wk.name, requestedPause.by.name, wk.coordinator().name)
	}
	if wk.now.Before(requestedPause.until) && !draining && wk.skew == requestedPause.skew {
		wk.violated(Busy, "%s calls %s %v before it may", wk.name, requestedPause.by.name, requestedPause.until.Sub(wk.now))
	}
}

// checkWithdrawn checks that the worker trains only tasks that the answer names.
func (wk *worker) checkWithdrawn(answer *spiqsweepv1.SyncResponse) {
	named := map[agent.Lease]bool{}
	for _, a := range answer.GetAssignments() {
		named[agent.Lease{Task: a.GetLease().GetTask(), Attempt: a.GetLease().GetAttempt()}] = true
	}
	held := slices.SortedFunc(maps.Keys(wk.runs), func(a, b agent.Lease) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
	})
	for _, l := range held {
		r := wk.runs[l]
		if !named[l] && !r.stopping && !r.stalled {
			wk.violated(Agent, "%s continues with task %d, attempt %d, which was withdrawn", wk.name, r.job.number, l.Attempt)
		}
	}
}

// recordAnswer records an answer.
func (wk *worker) recordAnswer(answer *spiqsweepv1.SyncResponse) {
	if answer.GetDrain() {
		wk.tally[OperatorDrains]++
		wk.expectExit()
	}
	if answer.GetDone() && wk.host.stays {
		wk.violated(Done, "the answer to %s says that all is done, though it stays", wk.name)
	}
	wk.sawDone = wk.sawDone || answer.GetDone()
	if answer.GetNoneFits() {
		wk.tally[NoneFits]++
		wk.noneFits = true
	}
	if len(answer.GetAssignments()) > 0 {
		wk.busyAt, wk.noneFits = wk.now, false
	}
	for _, v := range answer.GetVerdicts() {
		delete(wk.unjudged, agent.Lease{Task: v.GetLease().GetTask(), Attempt: v.GetLease().GetAttempt()})
	}
}

func (wk *worker) fetchRecording(digest string) {
	exchange(wk, transferTimeout, func(c *coordinator, reply func(*spiqsweepv1.GetRecordingResponse, error)) {
		c.execute(currentCall{kind: reading, by: c}, func() {
			answer, err := c.rules.GetRecording(background, &spiqsweepv1.GetRecordingRequest{Digest: digest})
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errLost) })
		})
	}, func(_ *spiqsweepv1.GetRecordingResponse, err error) {
		wk.recordings[digest] = wk.recordings[digest] || err == nil
		wk.step(agent.RecordingFetched{Digest: digest, Err: err})
	})
}

func (wk *worker) fetchCheckpoint(a agent.FetchCheckpoint) {
	in := &spiqsweepv1.GetCheckpointRequest{Process: wk.process, Lease: lease(a.Lease)}
	exchange(wk, transferTimeout, func(c *coordinator, reply func(*spiqsweepv1.GetCheckpointResponse, error)) {
		c.execute(currentCall{kind: reading, by: c}, func() {
			answer, err := c.rules.GetCheckpoint(background, in)
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errLost) })
		})
	}, func(answer *spiqsweepv1.GetCheckpointResponse, err error) {
		wk.step(agent.CheckpointFetched{Lease: a.Lease, Step: answer.GetStep(), Body: answer.GetBody(), Err: err})
	})
}

func (wk *worker) storeCheckpoint(a agent.StoreCheckpoint) {
	in := &spiqsweepv1.PutCheckpointRequest{Process: wk.process, Lease: lease(a.Lease), Step: a.Step, Body: a.Body}
	exchange(wk, transferTimeout, func(c *coordinator, reply func(*spiqsweepv1.PutCheckpointResponse, error)) {
		c.execute(currentCall{kind: storing, by: c, saves: queueLease(in.GetLease()), process: wk.name}, func() {
			answer, err := c.rules.PutCheckpoint(background, in)
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errLost) })
		})
	}, func(_ *spiqsweepv1.PutCheckpointResponse, err error) {
		wk.step(agent.CheckpointStored{Lease: a.Lease, Step: a.Step, Err: err})
	})
}

// answer replies if the process has survived its call to the store.
func (c *coordinator) answer(reply, broken func()) {
	if c.dead {
		broken()
	} else {
		reply()
	}
}

func lease(l agent.Lease) *spiqsweepv1.Lease {
	return &spiqsweepv1.Lease{Task: l.Task, Attempt: l.Attempt}
}
