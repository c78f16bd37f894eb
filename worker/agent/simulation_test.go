package agent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// simulation simulates a coordinator, a network and tasks around one agent after another.
type simulation struct {
	t      *rapid.T
	now    time.Time
	queue  []arrival // events in transit, unordered
	tasks  []*simTask
	leases map[Lease]*simLease

	agent     *Agent
	process   string
	processes int
	timer     time.Time
	code      int // of Exit; -1: still running
	draining  bool
	operator  time.Time // when an operator drains the process; zero: never
	sequence  uint64    // the coordinator's: newest of the process
	sent      uint64    // the agent's: newest
	inFlight  bool      // a call that was neither answered, failed nor replaced
	troubles  bool      // faults are injected
	calls     int

	recordings map[string]bool // fetched
	running    map[Lease]*run
	owed       map[Lease]bool // outcomes whose verdict has not arrived
}

type arrival struct {
	at    time.Time
	event Event
}

type run struct {
	stopping bool
	stuck    bool
}

func TestSimulatedHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &simulation{t: t, now: epoch, leases: map[Lease]*simLease{}, troubles: true}
		for i := range rapid.IntRange(1, 8).Draw(t, "tasks") {
			w.tasks = append(w.tasks, &simTask{name: fmt.Sprintf("task%d", i)})
		}
		for !w.finished() {
			w.runProcess()
		}
		for _, task := range w.tasks {
			if !task.done {
				t.Fatalf("%s is not done", task.name)
			}
		}
	})
}

func (w *simulation) finished() bool {
	return !slices.ContainsFunc(w.tasks, func(t *simTask) bool { return !t.done })
}

// runProcess simulates one process from start to exit.
func (w *simulation) runProcess() {
	w.processes++
	if w.processes > 12 {
		w.troubles = false // without faults the sweep must end
	}
	if w.processes > 40 {
		w.t.Fatal("the sweep does not end")
	}
	w.process = fmt.Sprintf("p%d", w.processes)
	w.sequence, w.sent, w.code, w.inFlight, w.draining, w.calls = 0, 0, -1, false, false, 0
	w.queue, w.timer, w.operator = nil, time.Time{}, time.Time{}
	w.recordings, w.running, w.owed = map[string]bool{}, map[Lease]*run{}, map[Lease]bool{}
	slots := rapid.IntRange(1, 3).Draw(w.t, "slots")
	w.agent = New(Settings{
		Process:        &spiqsweepv1.Process{Id: w.process, Slots: uint32(slots)},
		ConnectTimeout: 3 * time.Minute, Random: rand.New(rand.NewPCG(1, uint64(w.processes))),
	})
	born := w.now
	if w.troubles {
		w.later(w.duration("drain at", time.Second, 10*time.Minute), Drain{})
		w.operator = w.now.Add(w.duration("operator drains at", 0, 20*time.Minute))
	}
	w.step(Started{})
	for steps := 0; w.code < 0; steps++ {
		w.next()
		if age := w.now.Sub(born); steps > 20000 || age > 3*time.Hour {
			w.t.Fatalf("process %s still lives after %v and %d steps, with %d calls", w.process, age, steps, w.calls)
		}
	}
	if age := w.now.Sub(born); float64(w.calls) > 50+12*age.Seconds() {
		w.t.Fatalf("%d calls in %v", w.calls, age)
	}
	w.checkExit()
}

func (w *simulation) checkExit() {
	left := len(w.running) > 0 || len(w.owed) > 0
	switch w.code {
	case protocol.ExitDone:
		if len(w.owed) > 0 {
			w.t.Fatalf("left with code 0, and unjudged outcomes %v", w.owed)
		}
		if !w.draining && !w.finished() {
			w.t.Fatal("left with code 0 before the sweep was done")
		}
	case protocol.ExitWorkLeft:
		if !w.draining {
			w.t.Fatal("left with code 75 without a drain")
		}
	case protocol.ExitUnreachable:
		if !w.troubles {
			w.t.Fatalf("gave up on a coordinator that answers (work left: %v)", left)
		}
	case protocol.ExitFault:
		if !slices.ContainsFunc(w.runs(), func(r *run) bool { return r.stuck }) {
			w.t.Fatal("left with code 1 without a stuck task")
		}
	default:
		w.t.Fatalf("exit code %d", w.code)
	}
}

func (w *simulation) runs() []*run {
	var runs []*run
	for _, r := range w.running {
		runs = append(runs, r)
	}
	return runs
}

// next delivers the earliest event.
func (w *simulation) next() {
	if w.odds("frozen", 100) {
		w.now = w.now.Add(w.duration("frozen for", 0, 20*time.Minute))
	}
	first := -1
	for i, a := range w.queue {
		if first < 0 || a.at.Before(w.queue[first].at) {
			first = i
		}
	}
	if !w.timer.IsZero() && (first < 0 || w.timer.Before(w.queue[first].at)) {
		w.now = later(w.now, w.timer)
		w.timer = time.Time{}
		w.step(Woken{})
		return
	}
	if first < 0 {
		w.t.Fatal("no event is pending")
	}
	a := w.queue[first]
	w.queue = slices.Delete(w.queue, first, first+1)
	w.now = later(w.now, a.at)
	w.step(a.event)
}

func (w *simulation) later(d time.Duration, e Event) {
	w.queue = append(w.queue, arrival{at: w.now.Add(d), event: e})
}

func (w *simulation) step(e Event) {
	switch e := e.(type) {
	case Drain:
		w.draining = true
	case Answered:
		if e.Sequence == w.sent {
			w.receive(e)
		}
	case CallFailed:
		w.inFlight = w.inFlight && e.Sequence != w.sent
	case RecordingFetched:
		w.recordings[e.Digest] = e.Err == nil
	case Ended:
		delete(w.running, e.Lease)
		w.queue = slices.DeleteFunc(w.queue, func(a arrival) bool { // a task ends once
			other, ok := a.event.(Ended)
			return ok && other.Lease == e.Lease
		})
		if e.Result != nil {
			w.owed[e.Lease] = true
		}
	}
	for _, action := range w.agent.Step(w.now, e) {
		if w.code >= 0 {
			w.t.Fatalf("%T after the exit", action)
		}
		w.perform(action)
	}
}

func (w *simulation) receive(e Answered) {
	if !w.inFlight {
		return
	}
	w.inFlight = false
	w.draining = w.draining || e.Response.GetDrain()
	for _, v := range e.Response.GetVerdicts() {
		delete(w.owed, leaseOf(v.GetLease()))
	}
}
