package simulate

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/agent"
)

// defect is what is wrong with a task.
type defect int

const (
	healthy      defect = iota
	failing             // it fails at the same step in each attempt
	overflowing         // it fails in each attempt, and its worker reports the failure as reproducible
	crashing            // it ends its process in each attempt, like an out-of-memory error
	intermittent        // it sometimes fails, and sometimes ends its process
)

// job is a task and how it behaves.
type job struct {
	number int
	id     sweep.TaskID
	takes  time.Duration // for all steps, on a host of speed 1
	defect defect
}

// variants is the number of results that a task may have. The true one is 0.
const variants = 3

var (
	recordingBody   = []byte("recording")
	recordingDigest = sweep.Digest(recordingBody)
)

// newJobs draws the tasks of a history. Some are small enough for batches, most take
// seconds to minutes, and a few have a defect.
func (sim *simulation) newJobs(n int) {
	for i := range n {
		j := &job{number: i, id: queuetest.Task(i).ID, takes: sim.between(2*time.Second, 90*time.Second)}
		if sim.chance(0.3) {
			j.takes = sim.between(100*time.Millisecond, 500*time.Millisecond)
		}
		if sim.chance(sim.odds.defect) {
			j.defect = defect(1 + sim.random.IntN(4))
		}
		sim.jobs = append(sim.jobs, j)
		sim.jobOf[j.id] = j
	}
}

// plan returns a plan of tasks in their order.
func plan(jobs []*job) []queue.Planned {
	var planned []queue.Planned
	for _, j := range jobs {
		task := queuetest.Task(j.number)
		task.Recording = recordingDigest
		planned = append(planned, queue.Planned{Task: task, Row: j.number, Order: j.number, Cost: cost(j.takes)})
	}
	return planned
}

// cost returns a duration in seconds, rounded as every store rounds it.
func cost(d time.Duration) float64 { return d.Truncate(time.Microsecond).Seconds() }

// digest returns the digest of a variant of the task's result.
func (j *job) digest(variant int) string {
	return queuetest.Result(j.number*variants + variant).Digest
}

// variant returns the variant of the task's result with a digest, or -1.
func (j *job) variant(digest string) int {
	for v := range variants {
		if j.digest(v) == digest {
			return v
		}
	}
	return -1
}

// result returns the report of a variant of the result.
func (j *job) result(variant int) *spiqsweepv1.Result {
	r := queuetest.Result(j.number*variants + variant)
	return &spiqsweepv1.Result{Body: packed.of(r), Digest: r.Digest, ComputeTime: durationpb.New(j.takes)}
}

// packed caches compressed results by digest, since many histories use them.
var packed = cache{bodies: map[string][]byte{}}

type cache struct {
	mu     sync.Mutex
	bodies map[string][]byte // guarded by mu
}

func (s *cache) of(r *queue.ResultReport) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.bodies[r.Digest]
	if !ok {
		body = protocol.Pack(r.Body)
		s.bodies[r.Digest] = body
	}
	return body
}

// checkpointOf returns a checkpoint, which holds only its task and step.
func checkpointOf(j *job, step uint64) []byte { return fmt.Appendf(nil, "%d@%d", j.number, step) }

// run is a training in a worker process.
type run struct {
	*worker
	lease    agent.Lease
	job      *job
	step     uint64
	pace     time.Duration // of one step
	end      uint64        // the step at which ending is called
	ending   func(*run)
	stopping bool
	stalled  bool // makes no more steps
	stuck    bool // and ignores requests to stop
	ended    bool
}

const (
	reportEvery = 25 // steps between two progress reports
	saveEvery   = 50 // steps between two checkpoints
)

// train begins a training from its checkpoint, and draws how it ends.
func (wk *worker) train(a agent.StartTask) {
	j := wk.jobOf[sweep.TaskID(a.Lease.Task)]
	r := &run{worker: wk, lease: a.Lease, job: j, pace: time.Duration(float64(j.takes) / queuetest.Steps / wk.host.speed)}
	r.checkStart(a)
	wk.runs[a.Lease] = r
	wk.tally[Trainings]++
	r.end, r.ending = queuetest.Steps, (*run).finish
	randomStep := r.step + 1 + wk.random.Uint64N(queuetest.Steps-min(r.step, queuetest.Steps-1))
	switch {
	case j.defect == failing:
		r.end, r.ending = 1+uint64(j.number)%queuetest.Steps, (*run).fail
	case j.defect == overflowing || j.defect == intermittent && wk.mayFail(0.3) || wk.mayFail(wk.odds.fail):
		r.end, r.ending = randomStep, (*run).fail
	case j.defect == crashing || j.defect == intermittent && wk.mayFail(0.5) || wk.mayFail(wk.odds.crash):
		r.end, r.ending = randomStep, (*run).crash
	case wk.mayFail(wk.odds.stall):
		r.end, r.ending = randomStep, (*run).stall
	}
	wk.log("%s trains task %d, attempt %d, from step %d", wk.name, j.number, a.Lease.Attempt, r.step)
	r.advance()
}

func (r *run) checkStart(a agent.StartTask) {
	if r.runs[a.Lease] != nil {
		r.violated(Agent, "%s starts task %d twice", r.name, r.job.number)
	}
	if len(r.runs) >= r.host.slots {
		r.violated(Agent, "%s starts more tasks than it has slots", r.name)
	}
	if !r.recordings[a.Task.GetRecordingDigest()] {
		r.violated(Agent, "%s starts task %d without its recording", r.name, r.job.number)
	}
	if a.Body == nil {
		return
	}
	r.tally[Resumes]++
	var number int
	if _, err := fmt.Sscanf(string(a.Body), "%d@%d", &number, &r.step); err != nil || number != r.job.number {
		r.violated(Agent, "%s resumes task %d from %q", r.name, r.job.number, a.Body)
	}
}

// advance makes the steps up to the next report or the end.
func (r *run) advance() {
	next := min(r.end, (r.step/reportEvery+1)*reportEvery)
	r.later(time.Duration(next-min(next, r.step))*r.pace, func() {
		if r.ended || r.stopping {
			return
		}
		r.step = max(r.step, next)
		if r.step >= r.end {
			r.ending(r)
			return
		}
		r.notifyAgent(agent.Progressed{Lease: r.lease, Step: r.step})
		if r.step%saveEvery == 0 && !r.dead {
			r.notifyAgent(agent.CheckpointMade{Lease: r.lease, Step: r.step, Body: checkpointOf(r.job, r.step)})
		}
		if !r.dead {
			r.advance()
		}
	})
}

func (r *run) notifyAgent(e agent.Event) {
	if !r.dead {
		r.worker.step(e)
	}
}

func (r *run) report(e agent.Ended) {
	r.ended = true
	delete(r.runs, r.lease)
	e.Lease, e.Step = r.lease, r.step
	r.notifyAgent(e)
}

func (r *run) finish() {
	variant := 0
	if r.host.corrupt && r.mayFail(0.4) {
		variant = 1 + r.random.IntN(variants-1)
	}
	r.log("%s has finished task %d, attempt %d, with result %d", r.name, r.job.number, r.lease.Attempt, variant)
	result := r.job.result(variant)
	if r.mayFail(r.odds.damage) {
		result = &spiqsweepv1.Result{Body: result.GetBody()[1:], Digest: result.GetDigest()}
		r.failures[r.key()] = true
		r.tally[Damaged]++
	} else {
		r.made[resultKey{r.job.id, result.GetDigest()}] = true
	}
	r.unjudged[r.lease] = true
	r.report(agent.Ended{Result: result})
}

func (r *run) fail() {
	r.log("task %d, attempt %d, fails on %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Failures]++
	r.failures[r.key()] = true
	failure := &spiqsweepv1.Failure{Message: fmt.Sprintf("panic after step %d", r.step), Log: "log"}
	if r.job.defect == overflowing {
		failure.Message, failure.Reproducible = "NaN", true
		r.history.reproducible[r.key()] = true
	}
	r.report(agent.Ended{Failure: failure})
}

// stall makes the training hang. Some hanging trainings still stop on request.
func (r *run) stall() {
	r.log("task %d, attempt %d, stalls on %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Stalls]++
	r.failures[r.key()] = true
	r.stalled, r.stuck = true, r.chance(0.6)
}

// crash ends the process.
func (r *run) crash() {
	r.log("task %d, attempt %d, ends its process %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Crashes]++
	r.terminate()
}

// stopTask makes a training stop after its next step.
func (wk *worker) stopTask(l agent.Lease) {
	r := wk.runs[l]
	if r == nil {
		wk.violated(Agent, "%s stops %v, which does not run", wk.name, l)
		return
	}
	if r.stuck || r.stopping {
		return
	}
	r.stopping = true
	r.later(min(r.pace, 2*time.Second)+wk.upTo(time.Second), func() {
		if r.ended {
			return
		}
		if r.step > 0 && r.step < queuetest.Steps {
			r.notifyAgent(agent.CheckpointMade{Lease: r.lease, Step: r.step, Body: checkpointOf(r.job, r.step)})
		}
		r.report(agent.Ended{})
	})
}

func (r *run) key() queue.Lease {
	return queue.Lease{Task: r.job.id, Attempt: r.lease.Attempt}
}
