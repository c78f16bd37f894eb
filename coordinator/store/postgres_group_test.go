package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/sweep"
)

// openGroups opens a store on PostgreSQL.
func openGroups(t *testing.T) *postgresStore {
	t.Helper()
	s, err := Open(context.Background(), postgres.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.(*postgresStore)
}

// group has calls wait until all groups are busy, and so share a transaction. It returns their
// answers.
func group(s *postgresStore, calls ...func(*postgresTx) error) []error {
	ctx := context.Background()
	update := func(ctx context.Context, process string, call func(*postgresTx) error) <-chan error {
		answer := make(chan error, 1)
		go func() {
			defer func() {
				if fault := recover(); fault != nil {
					answer <- fmt.Errorf("panic: %v", fault)
				}
			}()
			answer <- s.Update(ctx, &queue.Claim{Process: process}, func(tx queue.Tx) error { return call(tx.(*postgresTx)) })
		}()
		return answer
	}
	proceed := make(chan struct{})
	var busy, answers []<-chan error
	for i := range maxGroups {
		running := make(chan struct{})
		busy = append(busy, update(ctx, fmt.Sprint("busy", i), func(*postgresTx) error {
			close(running)
			<-proceed
			return nil
		}))
		<-running
	}
	waiting := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.waiting)
	}
	for i, call := range calls {
		answers = append(answers, update(ctx, fmt.Sprint("process", i), call))
		for waiting() != i+1 { // until the call is queued
			runtime.Gosched()
		}
	}
	close(proceed)
	var all []error
	for _, answer := range slices.Concat(busy, answers) {
		all = append(all, <-answer)
	}
	return all[maxGroups:]
}

func put(digest string) func(*postgresTx) error {
	return func(tx *postgresTx) error { return tx.PutRecording(digest, nil) }
}

// TestPostgresGroup checks that calls share a transaction, and that a call that fails changes
// nothing, and nothing for the others.
func TestPostgresGroup(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		name   string
		call   func(*postgresTx) error
		failed bool // the call
		shared bool // the others still share a transaction
	}{
		{"all succeed", put("own"), false, true},
		{"it fails before it writes", func(*postgresTx) error { return refused }, true, true},
		{"it fails after it has written", func(tx *postgresTx) error { return errors.Join(put("own")(tx), refused) }, true, false},
		{"it panics", func(tx *postgresTx) error { _ = put("own")(tx); panic("fault") }, true, false},
		{"a statement of it fails", func(tx *postgresTx) error { return errors.Join(put("own")(tx), tx.exec(`SELECT 1/0`)) }, true, false},
		{"it hides that a statement failed", func(tx *postgresTx) error { _, _ = tx.get(`SELECT 1/0`, nil); return nil }, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openGroups(t)
			transactions := map[*postgresTx]int{}
			others := func(digest string) func(*postgresTx) error {
				return func(tx *postgresTx) error { transactions[tx]++; return tx.PutRecording(digest, nil) }
			}
			answers := group(s, others("first"), others("second"), c.call, others("fourth"))
			if (answers[2] != nil) != c.failed {
				t.Errorf("its answer: %v", answers[2])
			}
			if has(t, s, "own") != (answers[2] == nil) {
				t.Errorf("its answer: %v; it is stored: %v", answers[2], has(t, s, "own"))
			}
			for i, digest := range []string{"first", "second", "", "fourth"} {
				if digest != "" && (answers[i] != nil || !has(t, s, digest)) {
					t.Errorf("answer %d = %v, and %s is stored: %v", i, answers[i], digest, has(t, s, digest))
				}
			}
			if (len(transactions) == 1) != c.shared {
				t.Errorf("the others ran in %d transactions", len(transactions))
			}
		})
	}
}

// TestPostgresGroupAnswersAfterCommit has a call fail because of what an earlier call of its group
// has written. If that is rolled back, the failure is not true.
func TestPostgresGroupAnswersAfterCommit(t *testing.T) {
	s := openGroups(t)
	refused := errors.New("refused")
	runs := 0
	answers := group(s,
		func(tx *postgresTx) error {
			if runs++; runs > 1 {
				return refused
			}
			return put("first")(tx)
		},
		func(tx *postgresTx) error {
			if _, found, err := tx.Recording("first"); err != nil || found {
				return errors.Join(err, refused)
			}
			return nil
		},
		func(tx *postgresTx) error { return errors.Join(put("third")(tx), refused) },
	)
	if !errors.Is(answers[0], refused) || answers[1] != nil || !errors.Is(answers[2], refused) || has(t, s, "first") {
		t.Errorf("answers %v; the first is stored: %v", answers, has(t, s, "first"))
	}
}

// TestPostgresGroupLosesConnection checks that every call of a group learns that its outcome is
// unknown, and that later calls succeed.
func TestPostgresGroupLosesConnection(t *testing.T) {
	s := openGroups(t)
	for i, err := range group(s, put("first"), func(tx *postgresTx) error {
		return tx.exec(`SELECT pg_terminate_backend(pg_backend_pid())`)
	}, put("third")) {
		if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "57P01") {
			t.Errorf("answer %d = %v: want %v with the server's reason", i, err, queue.ErrUnavailable)
		}
	}
	for i, err := range group(s, put("first"), put("second")) {
		if err != nil {
			t.Errorf("afterwards, answer %d = %v", i, err)
		}
	}
}

// TestPostgresGroupLists checks that the calls of a group list waiting tasks in the order of
// the plan, without those that an earlier call was granted, and with one that waits again.
func TestPostgresGroupLists(t *testing.T) {
	s := openGroups(t)
	plan := queuetest.Plan(0, 12, 10)
	if _, err := queue.New(s, queue.Policy{}).Plan(context.Background(), queuetest.Sweep("A"), queuetest.Stream(plan)); err != nil {
		t.Fatal(err)
	}
	var listed [][]sweep.TaskID
	setPhase := func(tx *postgresTx, task sweep.TaskID, p queue.Phase, exclusive bool) error {
		r, _, err := tx.Record(task)
		r.Phase, r.Exclusive = p, exclusive
		return errors.Join(err, tx.PutRecord(r))
	}
	take := func(exclusive bool, limit int) func(*postgresTx) error {
		return func(tx *postgresTx) error {
			sweeps, err := tx.Sweeps()
			if err != nil {
				return err
			}
			next, err := tx.Next(sweeps[0].Plan, exclusive, anyCost, limit)
			var tasks []sweep.TaskID
			for _, n := range next {
				tasks = append(tasks, n.Task)
				err = errors.Join(err, setPhase(tx, n.Task, queue.Leased, false))
			}
			listed = append(listed, tasks)
			return err
		}
	}
	ids := make([]sweep.TaskID, len(plan))
	for i, p := range plan {
		ids[i] = p.Task.ID
	}
	for i, err := range group(s,
		take(true, 2), take(true, 2), take(false, 1),
		func(tx *postgresTx) error {
			return errors.Join(setPhase(tx, ids[1], queue.Waiting, true), setPhase(tx, ids[3], queue.Waiting, true))
		},
		take(false, 1), take(true, 1), take(false, 1), take(true, 2), take(false, 100), take(true, 1),
	) {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	want := [][]sweep.TaskID{ids[:2], ids[2:4], ids[4:5], ids[5:6], ids[1:2], ids[6:7], {ids[3], ids[7]}, ids[8:], nil}
	if !slices.EqualFunc(listed, want, slices.Equal) {
		t.Errorf("listed %v, want %v", listed, want)
	}
}
