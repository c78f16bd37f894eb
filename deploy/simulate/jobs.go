package simulate

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// curse is what is wrong with a task.
type curse int

const (
	sound    curse = iota
	faulty         // it fails at the same step whenever it is run
	overflow       // it fails, and its worker knows that it always will
	deadly         // it ends its process whenever it is run, as want of memory does
	moody          // it does either now and then
)

// job is a task as the simulation knows it.
type job struct {
	number int
	id     sweep.TaskID
	takes  time.Duration // all its steps, on a machine of speed 1
	curse  curse
}

// variants of a task's result: the true one is 0.
const variants = 3

var (
	recordingBody   = []byte("the bits of the chosen cells")
	recordingDigest = sweep.Digest(recordingBody)
)

// newJobs draws the tasks of a history: some small enough to come in batches,
// most of some seconds to minutes, and now and then one that is no good.
func (w *world) newJobs(n int) {
	for i := range n {
		j := &job{number: i, id: storetest.Task(i).ID, takes: w.between(2*time.Second, 90*time.Second)}
		if w.chance(0.3) {
			j.takes = w.between(100*time.Millisecond, 500*time.Millisecond)
		}
		if w.chance(w.odds.curse) {
			j.curse = curse(1 + w.random.IntN(4))
		}
		w.jobs = append(w.jobs, j)
		w.jobOf[j.id] = j
	}
}

// plan puts tasks in their places.
func plan(jobs []*job) []queue.Planned {
	var planned []queue.Planned
	for _, j := range jobs {
		task := storetest.Task(j.number)
		task.Recording = recordingDigest
		planned = append(planned, queue.Planned{Task: task, Row: j.number, Order: j.number, Cost: cost(j.takes)})
	}
	return planned
}

// cost returns a duration in seconds, rounded as every store keeps it.
func cost(d time.Duration) float64 { return d.Truncate(time.Microsecond).Seconds() }

// digest of one of a task's results.
func (j *job) digest(variant int) string {
	return storetest.Result(j.number*variants + variant).Digest
}

// variant says which of a task's results has a digest: -1 for none.
func (j *job) variant(digest string) int {
	for v := range variants {
		if j.digest(v) == digest {
			return v
		}
	}
	return -1
}

// result is what a worker reports of a task that it finished.
func (j *job) result(variant int) *spiqsweepv1.Result {
	r := storetest.Result(j.number*variants + variant)
	return &spiqsweepv1.Result{Body: packed.of(r), Digest: r.Digest, ComputeTime: durationpb.New(j.takes)}
}

// packed keeps compressed results by digest: they are asked for often.
var packed = shelf{bodies: map[string][]byte{}}

type shelf struct {
	mu     sync.Mutex
	bodies map[string][]byte // guarded by mu
}

func (s *shelf) of(r *queue.ResultReport) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.bodies[r.Digest]
	if !ok {
		body = protocol.Pack(r.Body)
		s.bodies[r.Digest] = body
	}
	return body
}

// A checkpoint of the simulation says which task and step it is of.
func checkpointOf(j *job, step uint64) []byte { return fmt.Appendf(nil, "%d@%d", j.number, step) }
