package simulate

import (
	"math/rand/v2"
	"slices"
	"time"

	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/agent"
)

// drainLimit is the time that a worker has to leave (worker/agent/limits.go).
const drainLimit = 10 * time.Second

// worker is a worker process: the real agent in a process that trains and communicates
// in simulated time.
type worker struct {
	*instance
	host           *host
	agent          *agent.Agent
	process        *spiqsweepv1.Process
	addresses      []int // numbers of coordinators, the first is in use
	connection     int   // number of the connection in use
	skew           time.Duration
	behind         time.Time       // until then its clock, which was set back, repeats earlier times
	timer          int             // number of timers set: only the last one fires
	calling        uint64          // number of the call in flight, 0 for none
	recordings     map[string]bool // by digest
	runs           map[agent.Lease]*run
	unjudged       map[agent.Lease]bool // results without a verdict
	sawDone        bool
	leaving        bool
	answered       bool // a coordinator has answered a call
	refusals       refusals
	requestedPause pause         // requested by a busy coordinator at the last call
	endAt          time.Time     // by its clock: it begins to hand back; zero: never
	firstSkew      time.Duration // at its start
	noneFits       bool          // no waiting task, by an answer since it was last assigned one
	busyAt         time.Time     // when it last was assigned a task, or started
}

// refusals counts consecutive calls that a coordinator refused or, until a coordinator
// has answered the worker, that reached no coordinator.
type refusals struct {
	calls   int
	refused bool // a coordinator refused at least one of them
}

// pause is the pause that a busy coordinator requests.
type pause struct {
	by    *coordinator // nil: no pause
	until time.Time
	skew  time.Duration // of the worker's clock
}

// startWorker starts a new worker process on the host.
func (h *host) startWorker() {
	sim := h.simulation
	sim.processes++
	wk := &worker{
		instance: &instance{simulation: sim, name: sim.processName()},
		host:     h, recordings: map[string]bool{}, runs: map[agent.Lease]*run{}, unjudged: map[agent.Lease]bool{},
		addresses: sim.random.Perm(len(sim.coordinators)),
		skew:      sim.upTo(time.Hour) - 30*time.Minute,
		busyAt:    sim.now,
	}
	wk.firstSkew = wk.skew
	if h.parent != nil {
		wk.name += h.parent.suffix()
		wk.addresses = []int{h.parent.number}
	}
	wk.process = &spiqsweepv1.Process{
		Id: wk.name, Host: h.name, Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
		KernelClass: queuetest.KernelClass, Kernel: "simulated", Slots: uint32(h.slots),
	}
	wk.agent = agent.New(agent.Settings{
		Process: wk.process, ConnectTimeout: h.connectTimeout, Stays: h.stays, Lifetime: h.lifetime, IdleTimeout: h.idleTimeout, Coordinators: len(wk.addresses),
		Random: rand.New(rand.NewPCG(sim.random.Uint64(), 0)),
	})
	sim.log("%s starts on %s with %d slots", wk.name, h.name, h.slots)
	h.workers = append(h.workers, wk)
	sim.alive[wk.name] = wk
	wk.limitLifetime()
	wk.step(agent.Started{})
}

func (wk *worker) clock() time.Time { return wk.now.Add(wk.skew) }

func (wk *worker) coordinator() *coordinator { return wk.coordinators[wk.addresses[0]] }

// failOver switches to the next address, on a new connection.
func (wk *worker) failOver() {
	wk.addresses = append(wk.addresses[1:], wk.addresses[0])
	wk.connection++
}

func (wk *worker) step(e agent.Event) {
	wk.noteEnd()
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
		delete(wk.recordings, a.Digest)
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

// kill ends the process like kill -9.
func (wk *worker) kill() {
	wk.log("%s is killed", wk.name)
	wk.tally[WorkerKills]++
	wk.terminate()
}

func (wk *worker) drain() {
	if wk.leaving {
		return
	}
	wk.log("%s is asked to leave", wk.name)
	wk.tally[Drains]++
	wk.expectExit()
	wk.step(agent.Drain{})
}

// expectExit checks later that the process has left in time.
func (wk *worker) expectExit() {
	if wk.leaving {
		return
	}
	wk.leaving = true
	skew := wk.skew
	var check func()
	check = func() {
		switch {
		case wk.skew != skew: // its clock was set: its timeout moves
		case wk.now.Sub(wk.frozen) < time.Second: // it has just continued
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
	case code == protocol.ExitDone && len(wk.unjudged) > 0:
		wk.violated(Leaving, "%s left with code 0 and %d results without a verdict", wk.name, len(wk.unjudged))
	case code == protocol.ExitDone && !wk.sawDone && !wk.leaving && !wk.noneFits:
		wk.checkIdleExit()
	case code == protocol.ExitWorkLeft && !wk.leaving:
		wk.violated(Leaving, "%s left work behind without having been asked to leave", wk.name)
	case code == protocol.ExitFault && !wk.stalled() && !wk.refused():
		wk.violated(Refused, "%s left with code 1, after %d refusals by %d coordinators",
			wk.name, wk.refusals.calls, len(wk.addresses))
	case code == protocol.ExitUnreachable && wk.faultsEnded && wk.now.Sub(wk.faultsEndedAt) > 5*time.Minute:
		wk.violated(Refused, "%s gave up on coordinators that answer, with %d tasks in hand", wk.name, busy)
	}
	wk.tally[Exits]++
	wk.terminate()
}

// refused reports whether every coordinator refuses the worker or cannot be reached,
// and none has ever answered it.
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

// terminate ends the process. Its host starts another after a while.
func (wk *worker) terminate() {
	wk.dead = true
	delete(wk.alive, wk.name)
	wk.host.workerEnded(wk)
}

// host is a machine with a container engine that keeps a worker running. The engine may
// start a second worker if the first is frozen.
type host struct {
	*simulation
	name           string
	slots          int
	speed          float64 // relative to the hosts of speed 1
	corrupt        bool    // some of its results have wrong bits
	connectTimeout time.Duration
	stays          bool          // its workers wait for another sweep when all is done
	lifetime       time.Duration // of its workers; 0: no end
	idleTimeout    time.Duration // of its workers; 0: none
	parent         *coordinator  // starts its only worker, a local one; nil: the engine does
	workers        []*worker
}

// workerEnded schedules the start of another worker.
func (h *host) workerEnded(wk *worker) {
	if !slices.Contains(h.workers, wk) {
		return // its coordinator is dead
	}
	h.workers = slices.DeleteFunc(h.workers, func(other *worker) bool { return other == wk })
	pause := h.between(100*time.Millisecond, 60*time.Second)
	if h.faultsEnded {
		pause = h.between(100*time.Millisecond, 2*time.Second)
	}
	if c := h.parent; c != nil {
		ended := func(process string) bool { return process == wk.name }
		c.later(c.upTo(5*time.Millisecond), func() {
			c.reportEnds(ended, false)
			c.later(pause, h.ensureWorker)
		})
		return
	}
	h.after(pause, h.ensureWorker)
}

// endWorkers ends the local worker of a coordinator that was killed, as the end of its
// standard input does. A frozen worker ends after it continues, and may make a call before.
func (h *host) endWorkers() {
	for _, wk := range h.workers {
		wk.later(wk.upTo(5*time.Millisecond), func() {
			wk.log("%s ends with its coordinator", wk.name)
			wk.terminate()
		})
	}
	h.workers = nil
}

// ensureWorker starts a worker if none runs and there may be work.
func (h *host) ensureWorker() {
	if h.parent != nil && h.parent.dead {
		return // the next process of the coordinator starts it
	}
	if len(h.workers) == 0 && (!h.faultsEnded || h.history.open() > 0) {
		h.startWorker()
	}
}
