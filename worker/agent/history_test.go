package agent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// world is a coordinator, a network and the tasks' goroutines around one agent
// after another, in simulated time.
type world struct {
	t      *rapid.T
	now    time.Time
	queue  []arrival // what is under way, in no order
	tasks  []*simTask
	leases map[Lease]*simLease

	agent     *Agent
	process   string
	processes int
	timer     time.Time
	code      int // of Exit; -1: alive
	draining  bool
	sequence  uint64 // the coordinator's: newest of the process
	sent      uint64 // the agent's: newest
	inFlight  bool   // a call that was neither answered, failed nor replaced
	troubles  bool   // the network still misbehaves
	calls     int

	recordings map[string]bool // fetched
	running    map[Lease]*run
	owed       map[Lease]bool // outcomes without a verdict that was heard
}

type arrival struct {
	at    time.Time
	event Event
}

type simTask struct {
	name       string
	attempts   uint64
	done       bool
	failures   int
	checkpoint uint64
}

// simLease is a live lease at the coordinator.
type simLease struct {
	task     *simTask
	process  string
	deadline time.Time
}

type run struct {
	stopping bool
	stuck    bool
}

const simTerm = 60 * time.Second

func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: epoch, leases: map[Lease]*simLease{}, troubles: true}
		for i := range rapid.IntRange(1, 8).Draw(t, "tasks") {
			w.tasks = append(w.tasks, &simTask{name: fmt.Sprintf("task%d", i)})
		}
		for !w.finished() {
			w.live()
		}
		for _, task := range w.tasks {
			if !task.done {
				t.Fatalf("%s is not done", task.name)
			}
		}
	})
}

func (w *world) finished() bool {
	return !slices.ContainsFunc(w.tasks, func(t *simTask) bool { return !t.done })
}

// live plays the life of one process.
func (w *world) live() {
	w.processes++
	if w.processes > 12 {
		w.troubles = false // from here on everything must come to its end
	}
	if w.processes > 40 {
		w.t.Fatal("the sweep does not end")
	}
	w.process = fmt.Sprintf("p%d", w.processes)
	w.sequence, w.sent, w.code, w.inFlight, w.draining, w.calls = 0, 0, -1, false, false, 0
	w.queue, w.timer = nil, time.Time{}
	w.recordings, w.running, w.owed = map[string]bool{}, map[Lease]*run{}, map[Lease]bool{}
	slots := rapid.IntRange(1, 3).Draw(w.t, "slots")
	w.agent = New(Settings{
		Process:        &spiqsweepv1.Process{Id: w.process, Slots: uint32(slots)},
		ConnectTimeout: 3 * time.Minute, Random: rand.New(rand.NewPCG(1, uint64(w.processes))),
	})
	born := w.now
	if w.troubles {
		w.later(w.duration("drain at", time.Second, 10*time.Minute), Drain{})
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

func (w *world) checkExit() {
	left := len(w.running) > 0 || len(w.owed) > 0
	switch w.code {
	case ExitDone:
		if len(w.owed) > 0 {
			w.t.Fatalf("left with code 0, and unjudged outcomes %v", w.owed)
		}
		if !w.draining && !w.finished() {
			w.t.Fatal("left with code 0 before the sweep was done")
		}
	case ExitWorkLeft:
		if !w.draining {
			w.t.Fatal("left with code 75 without a drain")
		}
	case ExitUnreachable:
		if !w.troubles {
			w.t.Fatalf("gave up on a coordinator that answers (work left: %v)", left)
		}
	case ExitFault:
		if !slices.ContainsFunc(w.runs(), func(r *run) bool { return r.stuck }) {
			w.t.Fatal("left with code 1 without a stuck task")
		}
	default:
		w.t.Fatalf("exit code %d", w.code)
	}
}

func (w *world) runs() []*run {
	var runs []*run
	for _, r := range w.running {
		runs = append(runs, r)
	}
	return runs
}

// next lets whatever comes first happen.
func (w *world) next() {
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
		w.t.Fatal("nothing will ever happen again")
	}
	a := w.queue[first]
	w.queue = slices.Delete(w.queue, first, first+1)
	w.now = later(w.now, a.at)
	w.step(a.event)
}

func (w *world) later(d time.Duration, e Event) {
	w.queue = append(w.queue, arrival{at: w.now.Add(d), event: e})
}

func (w *world) duration(label string, low, high time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(int64(low), int64(high)).Draw(w.t, label))
}

// odds is true once in so many times, while there are troubles.
func (w *world) odds(label string, of int) bool {
	return w.troubles && rapid.IntRange(1, of).Draw(w.t, label) == 1
}

func (w *world) step(e Event) {
	switch e := e.(type) {
	case Drain:
		w.draining = true
	case Answered:
		if e.Sequence == w.sent {
			w.heard(e)
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

func (w *world) heard(e Answered) {
	if !w.inFlight {
		return
	}
	w.inFlight = false
	for _, v := range e.Response.GetVerdicts() {
		delete(w.owed, leaseOf(v.GetLease()))
	}
}

func (w *world) perform(action Action) {
	switch a := action.(type) {
	case Call:
		w.send(a.Request)
	case FetchRecording:
		w.later(w.duration("fetch", 0, time.Second), RecordingFetched{Digest: a.Digest, Err: w.trouble("fetch fails", 5)})
	case DropRecording:
		w.recordings[a.Digest] = false
	case FetchCheckpoint:
		e := CheckpointFetched{Lease: a.Lease, Err: w.trouble("resume fails", 5)}
		if l := w.leases[a.Lease]; l != nil && e.Err == nil {
			e.Step, e.Body = l.task.checkpoint, []byte("state")
		} else if e.Err == nil {
			e.Err = errNo
		}
		w.later(w.duration("resume", 0, time.Second), e)
	case StoreCheckpoint:
		e := CheckpointStored{Lease: a.Lease, Step: a.Step, Err: w.trouble("store fails", 5)}
		if l := w.leases[a.Lease]; l != nil && e.Err == nil {
			l.task.checkpoint = max(l.task.checkpoint, a.Step)
		}
		w.later(w.duration("store", 0, time.Second), e)
	case StartTask:
		w.start(a)
	case StopTask:
		r := w.running[a.Lease]
		if r == nil {
			w.t.Fatalf("stops %v, which does not run", a.Lease)
		}
		if !r.stopping && !r.stuck {
			r.stopping = true
			w.later(0, CheckpointMade{Lease: a.Lease, Step: 50, Body: []byte("state")})
			w.later(w.duration("stop", time.Millisecond, time.Second), Ended{Lease: a.Lease})
		}
	case SetTimer:
		w.timer = a.At
	case Exit:
		w.code = a.Code
	case Say:
	}
}

func (w *world) trouble(label string, of int) error {
	if w.odds(label, of) {
		return errAway
	}
	return nil
}

// start lets a task run: to a result, a failure or a stall.
func (w *world) start(a StartTask) {
	if w.running[a.Lease] != nil {
		w.t.Fatalf("starts %v twice", a.Lease)
	}
	if len(w.running) >= int(w.agent.Process.GetSlots()) {
		w.t.Fatalf("starts %v beyond its slots", a.Lease)
	}
	if !w.recordings[a.Task.GetRecordingDigest()] {
		w.t.Fatalf("starts %v without its recording", a.Lease)
	}
	if w.draining {
		w.t.Fatalf("starts %v while draining", a.Lease)
	}
	r := &run{}
	w.running[a.Lease] = r
	takes := w.duration("takes", time.Millisecond, 2*time.Minute)
	switch {
	case w.odds("stuck", 15):
		r.stuck = true
	case w.odds("fails", 10):
		w.later(takes, Ended{Lease: a.Lease, Failure: &spiqsweepv1.Failure{Message: "NaN"}})
	default:
		w.later(takes/2, CheckpointMade{Lease: a.Lease, Step: 30, Body: []byte("state")})
		w.later(takes, Ended{Lease: a.Lease, Result: result(rapid.IntRange(1, reportBytes).Draw(w.t, "size"))})
	}
}

// send carries a call to the coordinator and back, or not.
func (w *world) send(r *spiqsweepv1.SyncRequest) {
	w.calls++
	if w.inFlight && !r.GetDraining() {
		w.t.Fatal("two calls in flight")
	}
	if r.GetSequence() <= w.sent {
		w.t.Fatalf("sequence %d after %d", r.GetSequence(), w.sent)
	}
	w.inFlight, w.sent = true, r.GetSequence()
	w.checkRequest(r)

	fails := CallFailed{Sequence: r.GetSequence(), Err: errAway}
	if w.odds("request is lost", 5) {
		w.later(w.duration("notices", 0, callTimeout), fails)
		return
	}
	answer := Answered{Sequence: r.GetSequence(), Response: w.sync(r)}
	took := w.duration("answer takes", 0, time.Second)
	if w.odds("answer is lost", 5) {
		w.later(w.duration("notices", 0, callTimeout), fails)
		took = w.duration("late answer takes", 0, time.Minute)
	}
	w.later(took, answer)
	if w.odds("answer comes twice", 8) {
		w.later(took+w.duration("second answer takes", 0, time.Minute), answer)
	}
	if w.odds("request comes twice", 8) {
		w.sync(r)
	}
}

func (w *world) checkRequest(r *spiqsweepv1.SyncRequest) {
	held := map[Lease]bool{}
	for _, h := range r.GetHeld() {
		l := leaseOf(h.GetLease())
		if held[l] {
			w.t.Fatalf("names %v twice", l)
		}
		held[l] = true
	}
	bytes := 0
	for _, report := range r.GetReports() {
		bytes += proto.Size(report)
		if !held[leaseOf(report.GetLease())] {
			w.t.Fatalf("reports %v without naming it", report.GetLease())
		}
	}
	if len(r.GetReports()) > 1 && bytes > reportBytes {
		w.t.Fatalf("%d bytes of reports in a call", bytes)
	}
	for l := range w.owed {
		if !held[l] {
			w.t.Fatalf("%v has an unjudged result and is not named", l)
		}
	}
	if busy := len(w.running) + int(r.GetFreeSlots()); busy > int(w.agent.Process.GetSlots()) {
		w.t.Fatalf("%d tasks run and %d slots are free, of %d", len(w.running), r.GetFreeSlots(), w.agent.Process.GetSlots())
	}
}

// sync is the coordinator: the rules of DESIGN.md, sections 5.2 and 5.3, short
// and plain.
func (w *world) sync(r *spiqsweepv1.SyncRequest) *spiqsweepv1.SyncResponse {
	answer := &spiqsweepv1.SyncResponse{CallAgainIn: durationpb.New(simTerm / 3)}
	for l, live := range w.leases {
		if w.now.After(live.deadline) && live.process != r.GetProcess().GetId() {
			delete(w.leases, l)
		}
	}
	for _, report := range r.GetReports() {
		answer.Verdicts = append(answer.Verdicts, w.judge(report))
	}
	if r.GetSequence() <= w.sequence {
		return answer
	}
	w.sequence = r.GetSequence()
	held := map[Lease]bool{}
	for _, h := range r.GetHeld() {
		held[leaseOf(h.GetLease())] = true
	}
	free := int(r.GetFreeSlots())
	mine := func(l Lease) bool {
		return w.leases[l] != nil && w.leases[l].process == r.GetProcess().GetId()
	}
	assign := func(l Lease, body *spiqsweepv1.Task) {
		w.leases[l].deadline = w.now.Add(simTerm)
		answer.Assignments = append(answer.Assignments, &spiqsweepv1.Assignment{Lease: l.wire(), Task: body})
	}
	for _, task := range w.tasks {
		l := Lease{Task: task.name, Attempt: task.attempts}
		switch {
		case mine(l) && held[l]:
			if !w.odds("withdrawn", 20) {
				assign(l, nil)
			} else {
				delete(w.leases, l)
			}
		case mine(l) && r.GetDraining():
			delete(w.leases, l)
		case mine(l): // a grant that the process has not heard of
			assign(l, w.body(task))
		}
	}
	batch := free * rapid.IntRange(1, 3).Draw(w.t, "batch")
	for _, task := range w.tasks {
		if batch == 0 || task.done || w.leases[Lease{Task: task.name, Attempt: task.attempts}] != nil {
			continue
		}
		batch--
		task.attempts++
		l := Lease{Task: task.name, Attempt: task.attempts}
		w.leases[l] = &simLease{task: task, process: r.GetProcess().GetId()}
		assign(l, w.body(task))
	}
	answer.Done = w.finished() && len(w.leases) == 0
	return answer
}

func (w *world) body(task *simTask) *spiqsweepv1.Task {
	return &spiqsweepv1.Task{
		RecordingDigest: "r" + task.name[len(task.name)-1:], CheckpointStep: task.checkpoint,
		StallTimeout: durationpb.New(10 * time.Minute),
	}
}

func (w *world) judge(report *spiqsweepv1.Report) *spiqsweepv1.Verdict {
	l := leaseOf(report.GetLease())
	live := w.leases[l]
	if live == nil {
		return &spiqsweepv1.Verdict{Lease: l.wire(), Judgement: spiqsweepv1.Verdict_JUDGEMENT_LATE}
	}
	delete(w.leases, l)
	switch {
	case report.GetResult() != nil:
		if live.task.done {
			w.t.Fatalf("%s is done twice", live.task.name)
		}
		live.task.done = true
	case report.GetFailure() != nil:
		live.task.failures++
		live.task.checkpoint = 0
	}
	return &spiqsweepv1.Verdict{Lease: l.wire(), Judgement: spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED}
}
