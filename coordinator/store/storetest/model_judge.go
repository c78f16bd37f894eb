package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// judgeVerdicts: what was accepted came from the newest attempt and its holder.
func (m *model) judgeVerdicts(r queue.SyncRequest, answer queue.SyncAnswer, before map[sweep.TaskID]queue.Record) {
	for _, v := range answer.Verdicts {
		if v.Judgement != queue.JudgedAccepted {
			continue
		}
		if a := m.attempts[v.Lease]; a.Process != r.ID {
			m.Errorf("%s reported %v of process %s, accepted", r.ID, v.Lease, a.Process)
		}
		if old := before[v.Task]; old.Attempt != v.Attempt {
			m.Errorf("attempt %d of %s was accepted when %d had been granted", v.Attempt, v.Task, old.Attempt)
		}
	}
}

// judgeAssignments: what is new was waiting, and has the next number; nothing is
// granted in answer to an old call.
func (m *model) judgeAssignments(r queue.SyncRequest, answer queue.SyncAnswer, before map[sweep.TaskID]queue.Record, newer bool) {
	for _, a := range answer.Assignments {
		old := before[a.Task]
		switch a.Attempt {
		case old.Attempt: // held before
			if holder := m.attempts[a.Lease].Process; holder != r.ID {
				m.Errorf("%s is assigned %v of process %s", r.ID, a.Lease, holder)
			}
		case old.Attempt + 1:
			if !newer || r.Draining || a.Work == nil || answer.Drain {
				m.Errorf("%v is granted to %s, newer call: %v, draining: %v, asked to: %v", a.Lease, r.ID, newer, r.Draining, answer.Drain)
			}
			m.leases, m.holders = append(m.leases, a.Lease), append(m.holders, r.ID)
		default:
			m.Errorf("%v is assigned after attempt %d", a.Lease, old.Attempt)
		}
	}
	if answer.Drain != m.presence(r.ID).Leaving {
		m.Errorf("%s is to leave: %v, but is told: %v", r.ID, m.presence(r.ID).Leaving, answer.Drain)
	}
}

// judgeOld: a call that is not newer than one before changes nothing but what
// follows from its results.
func (m *model) judgeOld(r queue.SyncRequest, presence queue.Presence, before map[sweep.TaskID]queue.Record) {
	if r.Sequence > presence.Sequence {
		return
	}
	if after := m.presence(r.ID); after != presence {
		m.Errorf("an old call of %s changed %+v to %+v", r.ID, presence, after)
	}
	brought := map[sweep.TaskID]bool{}
	for _, report := range r.Reports {
		brought[report.Task] = brought[report.Task] || report.Result != nil
	}
	for task, record := range m.records() {
		if record != before[task] && !brought[task] {
			m.Errorf("an old call of %s changed %+v to %+v", r.ID, before[task], record)
		}
		for _, a := range m.attemptsOf(task) {
			if a != m.attempts[a.Lease] && !brought[task] {
				m.Errorf("an old call of %s changed %+v to %+v", r.ID, m.attempts[a.Lease], a)
			}
		}
	}
}

// judgeCancelled: no call brings a cancelled task back, but with a result.
func (m *model) judgeCancelled(before map[sweep.TaskID]queue.Record) {
	for task, r := range m.records() {
		old := before[task]
		if old.Reason == queue.CancelledByOperator && r.Reason != old.Reason && r.Accepted == "" {
			m.Errorf("task %s was cancelled, and is %s", task, r.Phase)
		}
	}
}

// check holds the present against the past.
func (m *model) check() {
	m.Consistent()
	now := m.records()
	for task := range now {
		for _, a := range m.attemptsOf(task) {
			m.noteLoss(a)
		}
	}
	for task, r := range now {
		m.compare(m.history[task], r)
	}
	for task := range m.history {
		if _, there := now[task]; !there {
			m.Errorf("task %s has vanished", task)
		}
	}
	for task, r := range now {
		m.history[task] = r
		for _, a := range m.attemptsOf(task) {
			m.compareAttempt(a)
			m.attempts[a.Lease] = a
		}
	}
}

func (m *model) compare(old, r queue.Record) {
	if r.Attempt < old.Attempt || r.Pardoned < old.Pardoned {
		m.Errorf("task %s: token %d after %d, pardoned %d after %d", r.Task, r.Attempt, old.Attempt, r.Pardoned, old.Pardoned)
	}
	if old.Verifying && r.Accepted != old.Accepted {
		m.Errorf("task %s was verified, and %s is accepted instead of %s", r.Task, r.Accepted, old.Accepted)
	}
	if old.Accepted != "" && r.Accepted != old.Accepted {
		agreed := 0
		for _, a := range m.attemptsOf(r.Task) {
			if a.Digest == r.Accepted {
				agreed++
			}
		}
		if reopened := old.Phase != queue.Done && old.Pardoned > 0; !reopened || agreed < 2 {
			m.Errorf("task %s was %s: %s is accepted instead of %s; %d attempts agree",
				r.Task, old.Phase, r.Accepted, old.Accepted, agreed)
		}
	}
	m.fair(old, r)
}

// loss is what the model saw when a lease was lost.
type loss struct {
	alone   bool // its process held nothing else
	excused bool // the coordinator had been away since the process was heard
	saved   uint64
}

// noteLoss remembers how a lease was lost. What its process held before is what
// the last check saw.
func (m *model) noteLoss(a queue.Attempt) {
	if a.Outcome != queue.Lost || m.attempts[a.Lease].Outcome == queue.Lost {
		return
	}
	held := 0
	for _, other := range m.attempts {
		if other.Process == a.Process && other.Outcome == queue.Live {
			held++
		}
	}
	m.losses[a.Lease] = loss{alone: held == 1, excused: m.presence(a.Process).Unheard, saved: m.savedStep(a.Task)}
}

// fair recounts the blame of a task from what the model saw (DESIGN.md, section 5.3).
func (m *model) fair(old, r queue.Record) {
	failures, losses, alone, reached := 0, 0, false, uint64(0)
	for _, a := range m.attemptsOf(r.Task) {
		lost := m.losses[a.Lease]
		switch {
		case a.Attempt <= r.Pardoned:
		case a.Outcome == queue.AttemptFailed:
			failures, reached = failures+1, 0
		case a.Outcome == queue.Lost:
			if a.Started && !lost.excused && lost.saved <= reached {
				alone = true
				if lost.alone {
					losses++
				}
			}
			reached = lost.saved
		}
	}
	hopeless := failures >= modelPatience || losses >= modelPatience
	switch r.Phase {
	case queue.Waiting, queue.Leased, queue.BackingOff:
		if hopeless {
			m.Errorf("task %s is %s after %d failures and %d losses alone", r.Task, r.Phase, failures, losses)
		}
		if r.Alone != alone {
			m.Errorf("task %s must be alone: %v, by its history: %v", r.Task, r.Alone, alone)
		}
	case queue.Failed:
		if !hopeless && old.Phase != r.Phase && r.Reason != queue.CancelledByOperator {
			m.Errorf("task %s failed after %d failures and %d losses alone", r.Task, failures, losses)
		}
	default:
	}
}

// compareAttempt: what has ended stays ended, but for what the rules allow.
func (m *model) compareAttempt(a queue.Attempt) {
	old, known := m.attempts[a.Lease]
	if !known {
		return
	}
	if a.Process != old.Process || !a.GrantedAt.Equal(old.GrantedAt) || old.Digest != "" && a.Digest != old.Digest || a.Step < old.Step {
		m.Errorf("attempt %v was %+v, is %+v", a.Lease, old, a)
	}
	if a.Outcome == old.Outcome {
		return
	}
	switch old.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn:
	case queue.Cancelled: // but a result is welcome
		if a.Outcome != queue.Accepted && a.Outcome != queue.Late {
			m.Errorf("cancelled attempt %v is %q", a.Lease, a.Outcome)
		}
	default:
		m.Errorf("attempt %v was %q, is %q", a.Lease, old.Outcome, a.Outcome)
	}
}

func (m *model) describe() (text string) {
	all := m.records()
	for _, task := range slices.SortedFunc(maps.Keys(all), cmp.Compare[sweep.TaskID]) {
		text += fmt.Sprintf("\n%+v", all[task])
	}
	return text
}

func (m *model) records() map[sweep.TaskID]queue.Record {
	all := map[sweep.TaskID]queue.Record{}
	m.read(func(tx queue.Tx) error {
		for i := range modelTasks {
			r, found, err := tx.Record(Task(i).ID)
			if err != nil {
				return err
			}
			if found {
				all[r.Task] = r
			}
		}
		return nil
	})
	return all
}

func (m *model) attemptsOf(task sweep.TaskID) (all []queue.Attempt) {
	m.read(func(tx queue.Tx) (err error) {
		all, err = tx.Attempts(task)
		return err
	})
	return all
}

func (m *model) presence(process string) (p queue.Presence) {
	m.read(func(tx queue.Tx) (err error) {
		p, _, err = tx.Presence(process)
		return err
	})
	return p
}

func (m *model) savedStep(task sweep.TaskID) (step uint64) {
	m.read(func(tx queue.Tx) (err error) {
		step, err = tx.CheckpointStep(task)
		return err
	})
	return step
}
