package store_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/sweep"
)

// BenchmarkTasks measures whole lives of tasks, from the grant to the durable result,
// with concurrent processes that get tasks one by one or in batches. The results are
// small. The number to read is tasks/s.
func BenchmarkTasks(b *testing.B) {
	for _, processes := range []int{1, 16, 256} {
		for name, cost := range map[string]float64{"batches": 0.05, "one by one": 10} {
			b.Run(fmt.Sprintf("%s/SQLite/%d", name, processes), func(b *testing.B) {
				benchmarkTasks(b, open(b, filepath.Join(b.TempDir(), "sweep.db")), processes, cost)
			})
			b.Run(fmt.Sprintf("%s/PostgreSQL/%d", name, processes), func(b *testing.B) {
				benchmarkTasks(b, open(b, postgres.Start(b, postgres.Durable).URL("postgres")), processes, cost)
			})
		}
	}
}

func benchmarkTasks(b *testing.B, s queue.Store, processes int, cost float64) {
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	if _, err := q.Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, b.N, cost))); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() { complete(b, q, strconv.Itoa(i)) })
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	status, err := q.Status(ctx, "A")
	if err != nil || status.Counts.Done != b.N {
		b.Fatalf("%+v, %v", status.Counts, err)
	}
}

// complete runs a worker process until all tasks are done.
func complete(b *testing.B, q *queue.Queue, id string) {
	r := queue.SyncRequest{
		Process:   queue.Process{ID: id, Slots: 1, Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass},
		FreeSlots: 1,
	}
	for {
		r.Sequence++
		answer, err := q.Sync(ctx, r)
		if err != nil {
			b.Error(err)
			return
		}
		if answer.Done {
			return
		}
		r.Held, r.Reports = nil, nil
		for _, a := range answer.Assignments {
			r.Held = append(r.Held, queue.Held{Lease: a.Lease})
			r.Reports = append(r.Reports, queuetest.Finished(a.Lease, 0))
		}
	}
}

// BenchmarkPlan measures how long a plan takes to be stored.
func BenchmarkPlan(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "sweep.db"))
	defer s.Close()
	plan := queuetest.Stream(queuetest.Plan(0, b.N, 1))
	b.ResetTimer()
	if _, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("A"), plan); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}
