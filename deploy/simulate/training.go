package simulate

import (
	"fmt"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/agent"
)

// run is a training that goes on in a worker.
type run struct {
	*worker
	lease    agent.Lease
	job      *job
	step     uint64
	pace     time.Duration // of one step
	end      uint64        // the step at which its fate is fulfilled
	fate     func(*run)
	stopping bool
	stalled  bool // makes no step
	stuck    bool // … and hears nothing
	ended    bool
}

const (
	reportEvery = 25 // steps between two signs of life
	saveEvery   = 50 // steps between two checkpoints
)

// train begins a training from its checkpoint, whose fate is drawn here.
func (wk *worker) train(a agent.StartTask) {
	j := wk.jobOf[sweep.TaskID(a.Lease.Task)]
	r := &run{worker: wk, lease: a.Lease, job: j, pace: time.Duration(float64(j.takes) / storetest.Steps / wk.host.speed)}
	r.checkStart(a)
	wk.runs[a.Lease] = r
	wk.tally[Trainings]++
	r.end, r.fate = storetest.Steps, (*run).finish
	somewhere := r.step + 1 + wk.random.Uint64N(storetest.Steps-min(r.step, storetest.Steps-1))
	switch {
	case j.curse == faulty:
		r.end, r.fate = 1+uint64(j.number)%storetest.Steps, (*run).fail
	case j.curse == overflow || j.curse == moody && wk.trouble(0.3) || wk.trouble(wk.odds.fail):
		r.end, r.fate = somewhere, (*run).fail
	case j.curse == deadly || j.curse == moody && wk.trouble(0.5) || wk.trouble(wk.odds.crash):
		r.end, r.fate = somewhere, (*run).crash
	case wk.trouble(wk.odds.stall):
		r.end, r.fate = somewhere, (*run).stall
	}
	wk.log("%s trains task %d, attempt %d, from step %d", wk.name, j.number, a.Lease.Attempt, r.step)
	r.goOn()
}

func (r *run) checkStart(a agent.StartTask) {
	if r.runs[a.Lease] != nil {
		r.violated(Agent, "%s starts task %d twice", r.name, r.job.number)
	}
	if len(r.runs) >= r.host.slots {
		r.violated(Agent, "%s starts more tasks than it has slots", r.name)
	}
	if !r.bits[a.Task.GetRecordingDigest()] {
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

// goOn makes the steps up to the next that matters.
func (r *run) goOn() {
	next := min(r.end, (r.step/reportEvery+1)*reportEvery)
	r.later(time.Duration(next-min(next, r.step))*r.pace, func() {
		if r.ended || r.stopping {
			return
		}
		r.step = max(r.step, next)
		if r.step >= r.end {
			r.fate(r)
			return
		}
		r.agentHears(agent.Progressed{Lease: r.lease, Step: r.step})
		if r.step%saveEvery == 0 && !r.dead {
			r.agentHears(agent.CheckpointMade{Lease: r.lease, Step: r.step, Body: checkpointOf(r.job, r.step)})
		}
		if !r.dead {
			r.goOn()
		}
	})
}

func (r *run) agentHears(e agent.Event) {
	if !r.dead {
		r.worker.step(e)
	}
}

func (r *run) over(e agent.Ended) {
	r.ended = true
	delete(r.runs, r.lease)
	e.Lease, e.Step = r.lease, r.step
	r.agentHears(e)
}

func (r *run) finish() {
	variant := 0
	if r.host.liar && r.trouble(0.4) {
		variant = 1 + r.random.IntN(variants-1)
	}
	r.log("%s has finished task %d, attempt %d, with result %d", r.name, r.job.number, r.lease.Attempt, variant)
	result := r.job.result(variant)
	if r.trouble(r.odds.damage) {
		result = &spiqsweepv1.Result{Body: result.GetBody()[1:], Digest: result.GetDigest()}
		r.failures[r.key()] = true
		r.tally[Damaged]++
	} else {
		r.made[made{r.job.id, result.GetDigest()}] = true
	}
	r.owed[r.lease] = true
	r.over(agent.Ended{Result: result})
}

func (r *run) fail() {
	r.log("task %d, attempt %d, fails on %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Failures]++
	r.failures[r.key()] = true
	failure := &spiqsweepv1.Failure{Message: fmt.Sprintf("panic after step %d", r.step), Log: "log"}
	if r.job.curse == overflow {
		failure.Message, failure.Reproducible = "NaN", true
		r.ledger.reproducible[r.key()] = true
	}
	r.over(agent.Ended{Failure: failure})
}

// stall makes no step any more. Some notice when they are asked to stop.
func (r *run) stall() {
	r.log("task %d, attempt %d, stalls on %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Stalls]++
	r.failures[r.key()] = true
	r.stalled, r.stuck = true, r.chance(0.6)
}

// crash takes the whole process with it.
func (r *run) crash() {
	r.log("task %d, attempt %d, ends its process %s", r.job.number, r.lease.Attempt, r.name)
	r.tally[Crashes]++
	r.gone()
}

// stopTask asks a training to stop at its next step.
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
		if r.step > 0 && r.step < storetest.Steps {
			r.agentHears(agent.CheckpointMade{Lease: r.lease, Step: r.step, Body: checkpointOf(r.job, r.step)})
		}
		r.over(agent.Ended{})
	})
}

func (r *run) key() queue.Lease {
	return queue.Lease{Task: r.job.id, Attempt: r.lease.Attempt}
}
