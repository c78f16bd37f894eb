package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// Config is all that a running worker needs to know.
type Config struct {
	Coordinator    credentials.File // addresses, tried in turn, and the token
	Slots          int              // tasks at a time, one core each; at least 1
	ConnectTimeout time.Duration    // exit after so long without a coordinator; 0: never
	Identity       string           // of this run of the program, like no other's; "": a random one
	Stays          bool             // when all is done, for the next sweep
	Cache          string           // folder that keeps recordings; "": in memory only
	Version        string           // of the program, a label
	Kernel         circuit.Kernel
	Runner         runner.Runner
	Log            hclog.Logger
	Drain          <-chan struct{} // closed: hand back and leave; nil: never

	quiet bool                                           // see Settings.Quiet
	dial  func(address string) (*grpc.ClientConn, error) // nil: Coordinator.Dial
}

// Validate reports the first field that a worker cannot run with.
func (c Config) Validate() error {
	if c.Coordinator.Role != credentials.Worker {
		return fmt.Errorf("these are credentials of the role %q: a worker needs those of %q", c.Coordinator.Role, credentials.Worker)
	}
	if c.Slots < 1 {
		return fmt.Errorf("slots is %d: must be 1 or more", c.Slots)
	}
	if c.ConnectTimeout < 0 {
		return fmt.Errorf("connect time-out is %v: must be 0 (wait for ever) or more", c.ConnectTimeout)
	}
	if len(c.Coordinator.Addresses) == 0 {
		return errors.New("no address of a coordinator")
	}
	for _, address := range c.Coordinator.Addresses {
		connection, err := c.Coordinator.Dial(address) // nothing is sent
		if err != nil {
			return err
		}
		_ = connection.Close()
	}
	return nil
}

// Run keeps a worker in step with its coordinator until it may leave, and
// returns the exit code. It leaves at once when ctx ends.
func Run(ctx context.Context, c Config) int {
	code, _ := work(ctx, c)
	return code
}

// work also says whether an operator sent the worker away.
func work(ctx context.Context, c Config) (code int, sentAway bool) {
	if c.dial == nil {
		c.dial = c.Coordinator.Dial
	}
	ctx, cancel := context.WithCancel(ctx)
	self := process(c)
	s := &shell{
		ctx: ctx, log: c.Log, runner: c.Runner, process: self,
		core: New(Settings{
			Process:        self,
			Coordinators:   len(c.Coordinator.Addresses),
			ConnectTimeout: c.ConnectTimeout,
			Stays:          c.Stays,
			Quiet:          c.quiet,
			Random:         mathrand.New(mathrand.NewPCG(mathrand.Uint64(), mathrand.Uint64())),
		}),
		connections: protocol.NewConnections(c.Coordinator.Addresses, c.dial), coordinators: len(c.Coordinator.Addresses),
		shelf:  shelf{folder: c.Cache, rasters: map[string]*recording.Raster{}},
		tasks:  map[Lease]context.CancelFunc{},
		events: make(chan Event),
	}
	defer func() { _ = s.connections.Close() }()
	defer s.calls.Wait()
	defer cancel()
	return s.loop(c.Drain), s.core.sentAway
}

// process describes this run of the program.
func process(c Config) *spiqsweepv1.Process {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &spiqsweepv1.Process{
		Id: cmp.Or(c.Identity, rand.Text()), Host: host, ProgramVersion: c.Version,
		Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
		KernelClass: c.Kernel.Class, Kernel: c.Kernel.Name,
		Slots: uint32(c.Slots),
	}
}

// shell carries out what its core decides.
type shell struct {
	ctx          context.Context // ends with Run: nothing outlives it but a task that does not stop
	log          hclog.Logger
	runner       runner.Runner
	core         *Agent
	process      *spiqsweepv1.Process
	connections  *protocol.Connections
	coordinators int // number of addresses
	shelf        shelf
	events       chan Event // to the loop; never closed, senders give up with ctx

	// Of the loop's goroutine alone:
	tasks    map[Lease]context.CancelFunc // running
	giveUp   context.CancelFunc           // ends the Sync in flight; nil before the first
	timer    *time.Timer
	exitCode int
	exited   bool

	calls sync.WaitGroup // calls in flight
}

// loop feeds the core until it exits.
func (s *shell) loop(drain <-chan struct{}) int {
	s.timer = time.NewTimer(time.Hour)
	s.timer.Stop()
	defer s.timer.Stop()
	s.step(Started{})
	for !s.exited {
		select {
		case e := <-s.events:
			s.step(e)
		case <-s.timer.C:
			s.step(Woken{})
		case <-drain:
			drain = nil
			s.step(Drain{})
		case <-s.ctx.Done():
			s.step(Stop{})
		}
	}
	return s.exitCode
}

func (s *shell) step(e Event) {
	if ended, ok := e.(Ended); ok {
		s.tasks[ended.Lease]()
		delete(s.tasks, ended.Lease)
	}
	for _, action := range s.core.Step(time.Now(), e) {
		s.perform(action)
	}
}

func (s *shell) perform(action Action) {
	switch a := action.(type) {
	case Call:
		s.call(a.Request)
	case FetchRecording:
		s.calls.Go(func() { s.post(RecordingFetched{Digest: a.Digest, Err: s.fetchRecording(a.Digest)}) })
	case DropRecording:
		s.shelf.drop(a.Digest)
	case FetchCheckpoint:
		s.calls.Go(func() { s.post(s.fetchCheckpoint(a.Lease)) })
	case StoreCheckpoint:
		s.calls.Go(func() {
			s.post(CheckpointStored{Lease: a.Lease, Step: a.Step, Err: s.storeCheckpoint(a)})
		})
	case StartTask:
		ctx, cancel := context.WithCancel(s.ctx)
		s.tasks[a.Lease] = cancel
		go func() { s.post(s.train(ctx, a)) }()
	case StopTask:
		if cancel, ok := s.tasks[a.Lease]; ok {
			cancel()
		}
	case SetTimer:
		s.timer.Stop()
		if !a.At.IsZero() {
			s.timer.Reset(time.Until(a.At))
		}
	case Say:
		s.log.Log(a.Level, a.Message, a.Pairs...)
	case Exit:
		s.exitCode, s.exited = a.Code, true
	}
}

// post brings an event to the loop, if there still is one.
func (s *shell) post(e Event) {
	select {
	case s.events <- e:
	case <-s.ctx.Done():
	}
}
