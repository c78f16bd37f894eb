package simulate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// tickEvery is how often a coordinator ticks, as the real one does.
const tickEvery = time.Second

// coordinator is one address, and the process that serves there, if one does:
// the real rules of service and queue, without their goroutines.
type coordinator struct {
	*life
	number  int
	queue   *queue.Queue
	rules   service.Rules
	waiting []*waiter
	begun   bool      // this process has ticked
	locals  []*host   // whose workers this process starts, and takes with it when it ends
	refuses time.Time // until then it accepts no worker: its credentials are others
	busy    time.Time // until then it takes some calls only
}

// waiter is a Sync that waits for work.
type waiter struct {
	call    service.SyncCall
	reply   func(*spiqsweepv1.SyncResponse, error)
	changed <-chan struct{}
}

var background = context.Background()

// start runs a new process at the address.
func (c *coordinator) start() {
	c.life = &life{world: c.world, name: c.name}
	c.log("%s starts", c.name)
	c.queue = queue.New(&gate{store: c.store, coordinator: c, life: c.life}, c.policy)
	c.rules = service.Rules{Config: service.Config{
		Queue: c.queue, Numerics: sweep.Numerics, KernelClass: storetest.KernelClass, Log: hclog.NewNullLogger(),
	}}
	c.waiting, c.begun = nil, false
	c.later(c.upTo(tickEvery), c.tick)
	if len(c.locals) == 0 {
		return
	}
	c.bury(c.local, true)
	for _, h := range c.locals {
		c.later(c.upTo(time.Second), h.keep)
	}
}

// local reports whether a process is a local worker of this coordinator, or of one
// that ran at its address before.
func (c *coordinator) local(process string) bool { return strings.HasSuffix(process, c.suffix()) }

// suffix ends the names of the local workers.
func (c *coordinator) suffix() string { return "-local-" + strconv.Itoa(c.number+1) }

// bury reports the end of local workers to the queue, as the coordinator does when
// it sees one end and, excused, when it starts. It tries once: their leases run
// out anyway.
func (c *coordinator) bury(ended func(process string) bool, excused bool) {
	present := 0
	for _, p := range c.ledger.presences {
		if !p.Deadline.IsZero() && ended(p.ID) {
			present++
		}
	}
	var alive int
	var err error
	c.during(act{kind: burying, by: c, ended: ended, excused: excused}, func() { alive, err = c.queue.Lose(background, ended, excused) })
	if err != nil {
		c.log("%s cannot report that workers ended: %v", c.name, err)
		return
	}
	c.tally[EndReports]++
	if alive != present {
		c.violated(Ended, "%s has reported the end of %d workers, %d of them were alive by the store", c.name, alive, present)
	}
	for process := range c.ledger.presences {
		if n := c.ledger.live(process); n > 0 && ended(process) {
			c.violated(Ended, "%s has ended and holds %d leases", process, n)
		}
	}
}

// kill ends the process, as kill -9 does: connections break, nothing is said.
// The next one starts after some time.
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
		p.reply(nil, errAway)
	}
	for _, h := range c.locals {
		h.orphan()
	}
	pause := c.between(200*time.Millisecond, 100*time.Second)
	if c.calm {
		pause = time.Second
	}
	c.after(pause, func() {
		if c.dead {
			c.start()
		}
	})
}

// receive lets the process do something on behalf of a caller, who is refused
// if there is no process.
func (c *coordinator) receive(do, refuse func()) {
	if c.dead {
		refuse()
		return
	}
	here := c.life
	here.later(0, do)
	if c.now.Before(here.frozen) {
		c.log("%s has mail and is frozen", c.name)
	}
}

// limited reports whether the server's limits turn a call away before it reaches
// the rules.
func (c *coordinator) limited() bool {
	if !c.now.Before(c.busy) || !c.chance(0.7) {
		return false
	}
	c.tally[BusyAnswers]++
	return true
}

// refuse reports whether the coordinator does not accept the token of a worker.
func (c *coordinator) refuse(from *host) bool {
	if !c.now.Before(c.refuses) || from.parent == c {
		return false
	}
	c.tally[Refusals]++
	return true
}

func (c *coordinator) tick() {
	c.during(act{kind: ticking, by: c}, func() { c.begun = c.queue.Tick(background) == nil || c.begun })
	c.later(tickEvery, c.tick)
}

// sync serves a call, or lets it wait.
func (c *coordinator) sync(in *spiqsweepv1.SyncRequest, reply func(*spiqsweepv1.SyncResponse, error)) {
	call, err := c.rules.Read(in)
	if err != nil {
		c.violated(Refused, "%s refuses %v: %v", c.name, in, err)
		reply(nil, err)
		return
	}
	p := &waiter{call: call, reply: reply}
	if c.look(p) {
		c.later(protocol.LongPoll, func() {
			if i := slices.Index(c.waiting, p); i >= 0 {
				c.waiting = slices.Delete(c.waiting, i, i+1)
				c.judge(p)
			}
		})
	}
}

// look lets a call wait if there is nothing to say to it, and serves it otherwise.
func (c *coordinator) look(p *waiter) (waits bool) {
	p.changed = c.queue.Changed()
	var idle bool
	var err error
	c.during(act{kind: looking, by: c}, func() { idle, err = c.rules.WouldWait(background, p.call) })
	switch {
	case c.dead:
		p.reply(nil, errAway)
	case err != nil:
		p.reply(nil, err)
	case idle:
		c.waiting = append(c.waiting, p)
		return true
	default:
		c.judge(p)
	}
	return false
}

// judge serves a call and checks what it is told.
func (c *coordinator) judge(p *waiter) {
	var answer *spiqsweepv1.SyncResponse
	var err error
	c.during(act{kind: syncing, by: c, call: p.call.SyncRequest}, func() { answer, err = c.rules.Apply(background, p.call) })
	if c.dead {
		p.reply(nil, errAway) // whatever was committed, nobody is told
		return
	}
	c.checkAnswer(p.call.SyncRequest, answer, err)
	p.reply(answer, err)
}

// wake looks again at the calls that wait, as long as something has changed.
func (c *coordinator) wake() {
	for !c.dead {
		i := slices.IndexFunc(c.waiting, (*waiter).stirred)
		if i < 0 {
			return
		}
		p := c.waiting[i]
		c.waiting = slices.Delete(c.waiting, i, i+1)
		c.look(p)
	}
}

func (p *waiter) stirred() bool {
	select {
	case <-p.changed:
		return true
	default:
		return false
	}
}
