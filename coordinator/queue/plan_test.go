package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// TestPlanSurvivesUnknownCommits makes the outcome of each commit of a plan unknown in turn.
// Repeating the plan must complete it.
func TestPlanSurvivesUnknownCommits(t *testing.T) {
	plan := func(q *queue.Queue, tasks int) error {
		_, err := q.Plan(context.Background(), queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, tasks, 10)))
		return err
	}
	for unknown := 0; ; unknown++ {
		s := &queuetest.Faulty{Store: memory(time.Now)}
		q := queue.New(s, queue.Policy{PlanPage: 2})
		if err := plan(q, 3); err != nil {
			t.Fatal(err)
		}
		s.Next, s.Spared = queuetest.UnknownCommit, unknown
		err := plan(q, 5)
		if s.Next != queuetest.NoFault {
			break // it makes fewer commits
		}
		t.Run(fmt.Sprint("commit ", unknown), func(t *testing.T) {
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
			for _, fault := range queuetest.Consistent(s, map[sweep.TaskID]bool{}) {
				t.Error(fault)
			}
		})
	}
}
