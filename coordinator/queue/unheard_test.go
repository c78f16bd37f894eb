package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/sweep"
)

// TestAPlanSurvivesACommitThatNobodyHeardOf: each commit of a plan in turn happens,
// and its caller is told that nobody knows. The same plan once more must be whole.
func TestAPlanSurvivesACommitThatNobodyHeardOf(t *testing.T) {
	plan := func(q *queue.Queue, tasks int) error {
		_, err := q.Plan(context.Background(), storetest.Sweep("A"), storetest.Stream(storetest.Plan(0, tasks, 10)))
		return err
	}
	for unheard := 0; ; unheard++ {
		s := &silent{Faulty: storetest.Faulty{Store: memory(time.Now)}, after: -1}
		q := queue.New(s, queue.Policy{})
		if err := plan(q, 3); err != nil {
			t.Fatal(err)
		}
		s.after = unheard
		err := plan(q, 5)
		if s.after >= 0 {
			break // it makes fewer commits
		}
		t.Run(fmt.Sprint("commit ", unheard), func(t *testing.T) {
			if !errors.Is(err, queue.ErrUnavailable) {
				t.Errorf("plan: %v, want %v", err, queue.ErrUnavailable)
			}
			if err := plan(q, 5); err != nil {
				t.Fatal(err)
			}
			status, err := q.Status(context.Background(), "A")
			if want := (queue.Counts{Planned: 5, Pending: 5}); err != nil || status.Counts != want {
				t.Errorf("%+v, %v: want %+v", status.Counts, err, want)
			}
			for _, fault := range storetest.Consistent(s, map[sweep.TaskID]bool{}) {
				t.Error(fault)
			}
		})
	}
}

// silent is a store that does not say whether one of its commits has happened.
type silent struct {
	storetest.Faulty
	after int // so many commits from now; below 0: none
}

func (s *silent) Update(ctx context.Context, call func(queue.Tx) error) error {
	if s.after == 0 {
		s.Next = storetest.UnknownCommit
	}
	s.after--
	return s.Faulty.Update(ctx, call)
}
