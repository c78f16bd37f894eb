package simulate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// tickEvery is how often a coordinator ticks, as the real one does.
const tickEvery = time.Second

// coordinator is an address, and the process that serves there, if any. It runs the
// real rules of service and queue, without their goroutines.
type coordinator struct {
	*instance
	number  int
	queue   *queue.Queue
	rules   service.Rules
	waiting []*waitingCall
	ticked  bool      // this process has ticked
	locals  []*host   // hosts of its local workers, which end with it
	refuses time.Time // until then it refuses the tokens of all but its local workers
	busy    time.Time // until then it rejects some calls
}

// waitingCall is a Sync that waits for work.
type waitingCall struct {
	call    service.SyncCall
	at      time.Time // when it was received
	reply   func(*spiqsweepv1.SyncResponse, error)
	changed <-chan struct{}
}

var background = context.Background()

// start runs a new process at the address.
func (c *coordinator) start() {
	c.instance = &instance{simulation: c.simulation, name: c.name}
	c.log("%s starts", c.name)
	c.queue = queue.New(&faultyStore{store: c.store, coordinator: c, instance: c.instance}, c.planted)
	c.rules = service.Rules{Config: service.Config{
		Queue: c.queue, Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass, Log: hclog.NewNullLogger(),
	}}
	c.waiting, c.ticked = nil, false
	c.later(c.upTo(tickEvery), c.tick)
	if len(c.locals) == 0 {
		return
	}
	c.reportEnds(c.local, true)
	for _, h := range c.locals {
		c.later(c.upTo(time.Second), h.ensureWorker)
	}
}

// local reports whether a process is a local worker of this coordinator, or of one
// that ran at its address before.
func (c *coordinator) local(process string) bool { return strings.HasSuffix(process, c.suffix()) }

// suffix ends the names of the local workers.
func (c *coordinator) suffix() string { return "-local-" + strconv.Itoa(c.number+1) }

// reportEnds reports to the queue that local workers have ended. A coordinator does so
// when a local worker ends and, with excused, when it starts. If the report fails, their
// leases expire later.
func (c *coordinator) reportEnds(ended func(process string) bool, excused bool) {
	present := 0
	for _, p := range c.history.presences {
		if !p.Deadline.IsZero() && ended(p.ID) {
			present++
		}
	}
	var alive int
	var err error
	c.execute(currentCall{kind: reportingEnds, by: c, ended: ended, excused: excused}, func() { alive, err = c.queue.MarkLost(background, ended, excused) })
	if err != nil {
		c.log("%s cannot report that workers ended: %v", c.name, err)
		return
	}
	c.tally[EndReports]++
	if alive != present {
		c.violated(Ended, "%s reported the end of %d workers: the store had %d of them as alive", c.name, alive, present)
	}
	for process := range c.history.presences {
		if n := c.history.live(process); n > 0 && ended(process) {
			c.violated(Ended, "%s has ended and still holds %d leases", process, n)
		}
	}
}

// kill ends the process like kill -9, and its local workers with it. Another process
// starts at the address after some time.
func (c *coordinator) kill() {
	if c.dead {
		return
	}
	c.log("%s is killed", c.name)
	c.tally[CoordinatorKills]++
	c.dead = true
	waiting := c.waiting
	c.waiting = nil
	for _, p := range waiting {
		p.reply(nil, errLost)
	}
	for _, h := range c.locals {
		h.endWorkers()
	}
	pause := c.between(200*time.Millisecond, 100*time.Second)
	if c.faultsEnded {
		pause = time.Second
	}
	c.after(pause, func() {
		if c.dead {
			c.start()
		}
	})
}

// receive runs do in the process, or refuse if there is no process at the address.
func (c *coordinator) receive(do, refuse func()) {
	if c.dead {
		refuse()
		return
	}
	process := c.instance
	process.later(0, do)
	if c.now.Before(process.frozen) {
		c.log("%s receives a call and is frozen", c.name)
	}
}

// limited reports whether the server's limits reject a call before the rules see it.
func (c *coordinator) limited() bool {
	if !c.now.Before(c.busy) || !c.chance(0.7) {
		return false
	}
	c.tally[BusyAnswers]++
	return true
}

// refuse reports whether the coordinator refuses the token of a worker on a host.
func (c *coordinator) refuse(from *host) bool {
	if !c.now.Before(c.refuses) || from.parent == c {
		return false
	}
	c.tally[Refusals]++
	return true
}

func (c *coordinator) tick() {
	c.execute(currentCall{kind: ticking, by: c}, func() { c.ticked = c.queue.Tick(background) == nil || c.ticked })
	c.later(tickEvery, c.tick)
}

// sync serves a call, or makes it wait for work.
func (c *coordinator) sync(in *spiqsweepv1.SyncRequest, reply func(*spiqsweepv1.SyncResponse, error)) {
	call, err := c.rules.Read(in)
	if err != nil {
		c.violated(Refused, "%s refuses %v: %v", c.name, in, err)
		reply(nil, err)
		return
	}
	p := &waitingCall{call: call, at: c.now, reply: reply}
	if c.serve(p) {
		c.later(c.rules.LongPoll(), func() {
			if i := slices.Index(c.waiting, p); i >= 0 {
				c.waiting = slices.Delete(c.waiting, i, i+1)
				c.answerNow(p)
			}
		})
	}
}

// serve makes a call wait if there is no work for it, and answers it otherwise.
func (c *coordinator) serve(p *waitingCall) (waits bool) {
	p.changed = c.queue.Changed()
	var idle bool
	var err error
	c.execute(currentCall{kind: reading, by: c}, func() { idle, err = c.rules.WouldWait(background, p.call.After(c.now.Sub(p.at))) })
	switch {
	case c.dead:
		p.reply(nil, errLost)
	case err != nil:
		p.reply(nil, err)
	case idle:
		c.waiting = append(c.waiting, p)
		return true
	default:
		c.answerNow(p)
	}
	return false
}

// answerNow answers a call and checks the answer.
func (c *coordinator) answerNow(p *waitingCall) {
	call := p.call.After(c.now.Sub(p.at))
	var answer *spiqsweepv1.SyncResponse
	var err error
	c.execute(currentCall{kind: syncing, by: c, call: call.SyncRequest}, func() { answer, err = c.rules.Apply(background, call) })
	if c.dead {
		p.reply(nil, errLost) // the call may be committed
		return
	}
	c.checkAnswer(call.SyncRequest, answer, err)
	p.reply(answer, err)
}

// wake serves again the waiting calls whose store has changed.
func (c *coordinator) wake() {
	for !c.dead {
		i := slices.IndexFunc(c.waiting, (*waitingCall).hasChanged)
		if i < 0 {
			return
		}
		p := c.waiting[i]
		c.waiting = slices.Delete(c.waiting, i, i+1)
		c.serve(p)
	}
}

func (p *waitingCall) hasChanged() bool {
	select {
	case <-p.changed:
		return true
	default:
		return false
	}
}
