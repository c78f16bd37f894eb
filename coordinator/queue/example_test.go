package queue_test

import (
	"context"
	"fmt"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// A sweep of two tasks, one of which is lost with the process that ran it.
func Example() {
	ctx := context.Background()
	clock := queuetest.NewClock()
	s := queuetest.Memory(clock.Now)
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	if _, err := q.Plan(ctx, queuetest.Sweep("figure-s1"), queuetest.Stream(queuetest.Plan(0, 2, 10))); err != nil {
		fmt.Println(err)
		return
	}

	process := func(id string) queue.Process {
		return queue.Process{ID: id, Slots: 1, Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass}
	}
	call := func(r queue.SyncRequest) queue.SyncAnswer {
		answer, err := q.Sync(ctx, r)
		if err != nil {
			fmt.Println(err)
		}
		for _, v := range answer.Verdicts {
			fmt.Printf("%s: attempt %d is %s\n", r.ID, v.Attempt, v.Judgement)
		}
		for _, a := range answer.Assignments {
			fmt.Printf("%s: attempt %d of replicate %d\n", r.ID, a.Attempt, a.Work.Configuration.Replicate)
		}
		return answer
	}

	lost := call(queue.SyncRequest{Process: process("first"), Sequence: 1, FreeSlots: 1}).Assignments[0].Lease
	for range 62 {
		clock.Advance(time.Second)
		if err := q.Tick(ctx); err != nil {
			fmt.Println(err)
		}
	}
	second := queue.SyncRequest{Process: process("second"), Sequence: 1, FreeSlots: 1}
	for answer := call(second); len(answer.Assignments) > 0; answer = call(second) {
		second.Sequence++
		second.Reports = []queue.Report{queuetest.Finished(answer.Assignments[0].Lease, 0)}
	}
	call(queue.SyncRequest{Process: process("first"), Sequence: 2, Reports: []queue.Report{queuetest.Finished(lost, 0)}})

	status, err := q.Status(ctx, "figure-s1")
	fmt.Printf("%+v %v\n", status.Counts, err)
	// Output:
	// first: attempt 1 of replicate 0
	// second: attempt 2 of replicate 0
	// second: attempt 2 is accepted
	// second: attempt 1 of replicate 1
	// second: attempt 1 is accepted
	// first: attempt 1 is late
	// {Planned:2 Done:2 Leased:0 Pending:0 Failed:0 Diverged:0 Verifying:0 Queued:0} <nil>
}
