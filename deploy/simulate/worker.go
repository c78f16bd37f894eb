package simulate

import (
	"math/rand/v2"
	"time"

	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/agent"
)

// drainLimit is how long a worker may take to leave: what the agent allows
// itself (worker/agent/limits.go).
const drainLimit = 10 * time.Second

// worker is one process: the real agent, and a shell around it that trains and
// talks in simulated time.
type worker struct {
	*life
	host      *host
	agent     *agent.Agent
	process   *spiqsweepv1.Process
	addresses []int // of coordinators, the first is in use
	skew      time.Duration
	behind    time.Time       // until then its clock shows what it has shown before
	timer     int             // counts the timers that were set: only the last one rings
	calling   uint64          // the number of the call in flight, 0 without one
	bits      map[string]bool // recordings at hand
	runs      map[agent.Lease]*run
	owed      map[agent.Lease]bool // results that no verdict was heard of
	toldDone  bool
	drains    bool
	answered  bool // a coordinator has taken a call of this worker
	refusals  refusals
	asked     wait // of the last call that found a coordinator busy
}

// refusals are the calls in a row that no coordinator took for good, as far as
// the simulation knows.
type refusals struct {
	calls   int
	refused bool // at least one of them by a coordinator
}

// wait is what a busy coordinator asks of a worker.
type wait struct {
	by    *coordinator // nil: none does
	until time.Time
	skew  time.Duration // of the worker's clock
}

// startWorker runs a new process on a machine, under its old name.
func (h *host) startWorker() {
	w := h.world
	w.processes++
	wk := &worker{
		life: &life{world: w, name: w.processName()},
		host: h, bits: map[string]bool{}, runs: map[agent.Lease]*run{}, owed: map[agent.Lease]bool{},
		addresses: w.random.Perm(len(w.coordinators)),
		skew:      w.upTo(time.Hour) - 30*time.Minute,
	}
	if h.parent != nil {
		wk.name += h.parent.suffix()
		wk.addresses = []int{h.parent.number}
	}
	wk.process = &spiqsweepv1.Process{
		Id: wk.name, Host: h.name, Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
		KernelClass: storetest.KernelClass, Kernel: "simulated", Slots: uint32(h.slots),
	}
	wk.agent = agent.New(agent.Settings{
		Process: wk.process, ConnectTimeout: h.patience, Stays: h.stays, Coordinators: len(wk.addresses),
		Random: rand.New(rand.NewPCG(w.random.Uint64(), 0)),
	})
	w.log("%s starts on %s with %d slots", wk.name, h.name, h.slots)
	h.workers = append(h.workers, wk)
	w.alive[wk.name] = wk
	wk.step(agent.Started{})
}

func (wk *worker) clock() time.Time { return wk.now.Add(wk.skew) }

func (wk *worker) coordinator() *coordinator { return wk.coordinators[wk.addresses[0]] }

// turn takes the next address.
func (wk *worker) turn() { wk.addresses = append(wk.addresses[1:], wk.addresses[0]) }

func (wk *worker) step(e agent.Event) {
	for _, action := range wk.agent.Step(wk.clock(), e) {
		wk.perform(action)
	}
}

func (wk *worker) perform(action agent.Action) {
	switch a := action.(type) {
	case agent.Call:
		wk.call(a.Request)
	case agent.FetchRecording:
		wk.fetchRecording(a.Digest)
	case agent.DropRecording:
		delete(wk.bits, a.Digest)
	case agent.FetchCheckpoint:
		wk.fetchCheckpoint(a)
	case agent.StoreCheckpoint:
		wk.storeCheckpoint(a)
	case agent.StartTask:
		wk.train(a)
	case agent.StopTask:
		wk.stopTask(a.Lease)
	case agent.SetTimer:
		wk.setTimer(a.At)
	case agent.Say:
		wk.log("%s says: %s %v", wk.name, a.Message, a.Pairs)
	case agent.Exit:
		wk.exit(a.Code)
	}
}

func (wk *worker) setTimer(at time.Time) {
	wk.timer++
	set := wk.timer
	if at.IsZero() {
		return
	}
	wk.later(max(0, at.Sub(wk.clock())), func() {
		if set == wk.timer {
			wk.step(agent.Woken{})
		}
	})
}

// kill ends the process at once; drain asks it to leave.
func (wk *worker) kill() {
	wk.log("%s is killed", wk.name)
	wk.tally[WorkerKills]++
	wk.gone()
}

func (wk *worker) drain() {
	if wk.drains {
		return
	}
	wk.log("%s is asked to leave", wk.name)
	wk.tally[Drains]++
	wk.mustLeave()
	wk.step(agent.Drain{})
}

// mustLeave expects the process to be gone in time.
func (wk *worker) mustLeave() {
	if wk.drains {
		return
	}
	wk.drains = true
	skew := wk.skew
	var check func()
	check = func() {
		switch {
		case wk.skew != skew: // by its clock, the time is another
		case wk.now.Sub(wk.frozen) < time.Second: // it has just thawed
			wk.later(time.Second, check)
		default:
			wk.violated(Leaving, "%s was asked to leave and is still there after %v", wk.name, drainLimit)
		}
	}
	wk.later(drainLimit+time.Second, check)
}

func (wk *worker) exit(code int) {
	wk.log("%s leaves with code %d", wk.name, code)
	busy := len(wk.runs)
	switch {
	case code == protocol.ExitDone && len(wk.owed) > 0:
		wk.violated(Leaving, "%s left with code 0 and %d results without a verdict", wk.name, len(wk.owed))
	case code == protocol.ExitDone && !wk.toldDone && !wk.drains:
		wk.violated(Leaving, "%s left with code 0 without having been told that all is done", wk.name)
	case code == protocol.ExitWorkLeft && !wk.drains:
		wk.violated(Leaving, "%s left work behind without having been asked to leave", wk.name)
	case code == protocol.ExitFault && !wk.stalled() && !wk.refused():
		wk.violated(Refused, "%s left for a fault of its own, or was refused by %d of %d coordinators",
			wk.name, wk.refusals.calls, len(wk.addresses))
	case code == protocol.ExitUnreachable && wk.calm && wk.now.Sub(wk.calmAt) > 5*time.Minute:
		wk.violated(Refused, "%s gave up on coordinators that answer, with %d tasks in hand", wk.name, busy)
	}
	wk.tally[Exits]++
	wk.gone()
}

// refused reports whether every coordinator refuses the worker, or cannot be
// reached and has never taken a call of it.
func (wk *worker) refused() bool {
	return wk.refusals.refused && wk.refusals.calls >= len(wk.addresses)
}

func (wk *worker) stalled() bool {
	for _, r := range wk.runs {
		if r.stalled {
			return true
		}
	}
	return false
}

// gone: the process is no more. Its machine starts another after a while.
func (wk *worker) gone() {
	wk.dead = true
	delete(wk.alive, wk.name)
	wk.host.lost(wk)
}
