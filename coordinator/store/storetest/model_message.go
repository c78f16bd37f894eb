package storetest

import (
	"errors"

	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
)

// sync lets a worker call, with reports on some of what it holds. The request or
// the answer may be lost.
func (m *model) sync(t *rapid.T) {
	w := m.pick()
	w.Draining = rapid.IntRange(0, 9).Draw(t, "draining") == 0
	r := w.Request(m.reports(t, w)...)
	m.mail = append(m.mail, r)
	if rapid.IntRange(0, 4).Draw(t, "request lost") == 0 {
		return
	}
	answer, ok := m.deliver(r)
	if ok && rapid.IntRange(0, 4).Draw(t, "answer lost") > 0 {
		w.Obey(answer)
	}
}

func (m *model) reports(t *rapid.T, w *Worker) (reports []queue.Report) {
	for _, h := range w.held() {
		if !h.Started {
			continue
		}
		end := rapid.IntRange(0, 9).Draw(t, "end")
		if h.Task == Task(0).ID && end < 8 {
			end = 4 // this one is no good
		}
		switch end {
		case 0, 1, 2:
			reports = append(reports, Finished(h.Lease, 0))
		case 3:
			reports = append(reports, Finished(h.Lease, rapid.IntRange(1, 2).Draw(t, "variant")))
		case 4:
			reports = append(reports, Fails(h.Lease, "NaN"))
		case 5:
			reports = append(reports, HandsBack(h.Lease))
		case 6:
			damaged := Finished(h.Lease, 0)
			damaged.Result.Digest = "damaged"
			reports = append(reports, damaged)
		default:
		}
	}
	return reports
}

// deliver passes a request on and holds its answer against the past.
func (m *model) deliver(r queue.SyncRequest) (queue.SyncAnswer, bool) {
	before := m.records()
	presence := m.presence(r.ID)
	answer, err := m.Queue.Sync(ctx, r)
	if errors.Is(err, queue.ErrUnavailable) {
		return answer, false
	}
	if err != nil {
		m.Fatalf("sync: %v", err)
	}
	m.judgeVerdicts(r, answer, before)
	m.judgeOld(r, presence, before)
	m.judgeCancelled(before)
	m.judgeAssignments(r, answer, before, r.Sequence > presence.Sequence)
	if answer.Done {
		for _, id := range modelSweeps {
			if s, err := m.Queue.Status(ctx, id); err == nil && !s.Counts.Finished() {
				m.Errorf("done, but sweep %s has %+v", id, s.Counts)
			}
		}
	}
	return answer, true
}

// oldMessage delivers something once more, or at last.
func (m *model) oldMessage(t *rapid.T) {
	if len(m.mail) == 0 {
		t.Skip("no mail")
	}
	m.deliver(rapid.SampledFrom(m.mail).Draw(t, "request"))
}

// oldReport lets the holder of any lease there ever was report its result.
func (m *model) oldReport(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("no lease")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")
	variant := max(0, rapid.IntRange(-3, 2).Draw(t, "variant"))
	for _, w := range m.workers {
		if w.ID == m.holders[i] {
			m.deliver(w.Request(Finished(m.leases[i], variant)))
			return
		}
	}
	t.Skip("its holder is dead")
}

func (m *model) checkpoint(t *rapid.T) {
	w := m.pick()
	for _, h := range w.held() {
		if h.Started && h.Step > 0 && rapid.Bool().Draw(t, "saves") {
			m.save(w.ID, h.Lease, h.Step)
		}
	}
}

func (m *model) oldCheckpoint(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("no lease")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")
	m.save(m.holders[i], m.leases[i], uint64(rapid.IntRange(1, Steps).Draw(t, "step")))
}

// save stores a checkpoint: only the newest attempt's and only a larger step may be taken.
func (m *model) save(process string, l queue.Lease, step uint64) {
	before, token := m.savedStep(l.Task), m.records()[l.Task].Attempt
	stored, err := m.Queue.PutCheckpoint(ctx, process, l, step, []byte{byte(step)})
	if err != nil && !errors.Is(err, queue.ErrUnavailable) {
		m.Fatalf("put checkpoint: %v", err)
	}
	if stored && (step <= before || l.Attempt != token) {
		m.Errorf("a checkpoint of %v, step %d, was stored over step %d; the token is %d", l, step, before, token)
	}
	if stored && m.savedStep(l.Task) != step {
		m.Errorf("a checkpoint of step %d was not stored", step)
	}
}
