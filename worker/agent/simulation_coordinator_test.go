package agent

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

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

const simTerm = 60 * time.Second

// sync implements the coordinator of DESIGN.md, sections 5.2 and 5.3.
func (w *simulation) sync(r *spiqsweepv1.SyncRequest) *spiqsweepv1.SyncResponse {
	answer := &spiqsweepv1.SyncResponse{
		CallAgainIn: durationpb.New(simTerm / 3),
		Drain:       !w.operator.IsZero() && w.now.After(w.operator),
	}
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
	if answer.Drain {
		free = 0
	}
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
		case mine(l): // a grant whose response was lost
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

func (w *simulation) body(task *simTask) *spiqsweepv1.Task {
	return &spiqsweepv1.Task{
		RecordingDigest: "r" + task.name[len(task.name)-1:], CheckpointStep: task.checkpoint,
		StallTimeout: durationpb.New(10 * time.Minute),
	}
}

func (w *simulation) judge(report *spiqsweepv1.Report) *spiqsweepv1.Verdict {
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
