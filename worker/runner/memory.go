package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/semaphore"

	"spiqsweep/sweep"
)

// waitingEvery is the interval in which a task that waits for memory shows that it is alive.
const waitingEvery = 10 * time.Second

// withMemory runs tasks only while all of them fit into the memory.
type withMemory struct {
	next   Runner
	log    hclog.Logger
	memory int64
	free   *semaphore.Weighted // bytes
}

// WithMemory returns a runner whose tasks take no more than a number of bytes together, by
// sweep.Configuration.MemoryBytes. A task that does not fit beside the others waits; one that does
// not fit alone fails, with the remedy. If memory is 0, WithMemory returns next.
func WithMemory(memory uint64, next Runner, log hclog.Logger) Runner {
	if memory == 0 {
		return next
	}
	return &withMemory{next, log, int64(memory), semaphore.NewWeighted(int64(memory))}
}

// Run implements Runner.
func (w *withMemory) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	bytes := t.Configuration.MemoryBytes()
	need := int64(bytes)
	if need > w.memory {
		return Outcome{}, fmt.Errorf("%s takes about %s of memory, and this worker has %s: stop this worker or give it more, and run `coordinator retry`; or leave the configuration out of the grid",
			t.Configuration.LabelOfReplicates(), sweep.FormatMemory(bytes), sweep.FormatMemory(float64(w.memory)))
	}
	if !w.free.TryAcquire(need) {
		w.log.Info("a task waits for memory that others take: give fewer --slots, or more memory",
			append([]any{"task", t.ID, "needs", sweep.FormatMemory(bytes), "memory", sweep.FormatMemory(float64(w.memory))}, t.LogPairs...)...)
		if !w.wait(ctx, need, r) {
			return Outcome{}, ErrStopped
		}
	}
	defer w.free.Release(need)
	return w.next.Run(ctx, t, r)
}

// wait waits for memory and reports whether it has it; if not, ctx has ended.
func (w *withMemory) wait(ctx context.Context, need int64, r Reporter) bool {
	acquired := make(chan error, 1)
	go func() { acquired <- w.free.Acquire(ctx, need) }()
	alive := time.NewTicker(waitingEvery)
	defer alive.Stop()
	for {
		select {
		case err := <-acquired:
			return err == nil
		case <-alive.C:
			r.Progress(0)
		}
	}
}
