package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime"
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

// Config configures a worker.
type Config struct {
	Coordinator    credentials.File // addresses, which are tried in turn, and the token
	Slots          int              // tasks at a time, one core each; at least 1
	ConnectTimeout time.Duration    // time without a coordinator before the worker exits; 0: unlimited
	Identity       string           // unique process ID; "": random
	Stays          bool             // waits for the next sweep when all is done
	IdleTimeout    time.Duration    // time without a task before the worker exits; longer than a lease; 0: unlimited
	Lifetime       time.Duration    // the worker hands back and exits before this time is over; 0: unlimited
	Cache          string           // folder of recordings; "": memory only
	Version        string           // label of the program version
	EngineJob      string           // label of the job of an engine in which the worker runs; "": none
	Kernel         circuit.Kernel
	Runner         runner.Runner
	Log            hclog.Logger
	Metrics        *Metrics        // of this Run alone; nil measures nothing
	Drain          <-chan struct{} // closed to make the worker hand back and exit; may be nil

	quiet bool                                           // see Settings.Quiet
	dial  func(address string) (*grpc.ClientConn, error) // nil: Coordinator.Dial
}

// Validate reports the first field that a worker cannot run with.
func (c Config) Validate() error {
	if err := c.Coordinator.CheckRole(credentials.Worker); err != nil {
		return err
	}
	if c.Slots < 1 {
		return fmt.Errorf("slots is %d: must be 1 or more", c.Slots)
	}
	if c.ConnectTimeout < 0 {
		return fmt.Errorf("connect time-out is %v: must be 0 (wait for ever) or more", c.ConnectTimeout)
	}
	if c.IdleTimeout < 0 {
		return fmt.Errorf("idle time-out is %v: must be 0 (wait for ever) or more", c.IdleTimeout)
	}
	if c.Lifetime < 0 {
		return fmt.Errorf("lifetime is %v: must be 0 (no end) or more", c.Lifetime)
	}
	if len(c.Coordinator.Addresses) == 0 {
		return errors.New("no address of a coordinator")
	}
	for _, address := range c.Coordinator.Addresses {
		connection, err := c.Coordinator.Dial(address) // checks the address; sends nothing
		if err != nil {
			return err
		}
		_ = connection.Close()
	}
	return nil
}

// Run runs a worker until it may exit, and returns the exit code. It exits immediately when ctx
// ends.
func Run(ctx context.Context, c Config) int {
	code, _ := work(ctx, c)
	return code
}

// work is Run, and reports whether an operator drained the worker.
func work(ctx context.Context, c Config) (code int, drainedByOperator bool) {
	if c.dial == nil {
		c.dial = c.Coordinator.Dial
	}
	ctx, cancel := context.WithCancel(ctx)
	self := process(c)
	s := &shell{
		ctx: ctx, log: c.Log, runner: c.Runner, process: self, metrics: c.Metrics,
		agent: New(Settings{
			Process:        self,
			Coordinators:   len(c.Coordinator.Addresses),
			ConnectTimeout: c.ConnectTimeout,
			Stays:          c.Stays,
			IdleTimeout:    c.IdleTimeout,
			Lifetime:       c.Lifetime,
			Quiet:          c.quiet,
			Random:         mathrand.New(mathrand.NewPCG(mathrand.Uint64(), mathrand.Uint64())),
		}),
		connections: protocol.NewConnections(c.Coordinator.Addresses, c.dial), coordinators: len(c.Coordinator.Addresses),
		cache:  recordingCache{folder: c.Cache, rasters: map[string]*recording.Raster{}},
		tasks:  map[Lease]context.CancelFunc{},
		events: make(chan Event),
	}
	defer func() { _ = s.connections.Close() }()
	defer s.calls.Wait()
	defer cancel()
	return s.loop(c.Drain), s.agent.drainedByOperator
}

// process returns the identity and labels of this run of the program.
func process(c Config) *spiqsweepv1.Process {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &spiqsweepv1.Process{
		Id: cmp.Or(c.Identity, rand.Text()), Host: host, ProgramVersion: c.Version,
		Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
		KernelClass: c.Kernel.Class, Kernel: c.Kernel.Name,
		Slots: uint32(c.Slots), EngineJob: c.EngineJob,
	}
}

// shell does the input and output of an Agent: it performs its actions and feeds it the
// resulting events.
type shell struct {
	ctx          context.Context // ends with Run; only a task that does not stop outlives it
	log          hclog.Logger
	runner       runner.Runner
	agent        *Agent
	process      *spiqsweepv1.Process
	metrics      *Metrics
	connections  *protocol.Connections
	coordinators int // number of addresses
	cache        recordingCache
	events       chan Event // to the loop; never closed, senders stop with ctx

	// The fields below are used only by the goroutine of loop.
	tasks      map[Lease]context.CancelFunc // running
	cancelSync context.CancelFunc           // cancels the Sync in flight; nil before the first
	timer      *time.Timer
	exitCode   int
	exited     bool

	calls sync.WaitGroup // calls in flight
}

// loop handles events until the agent exits.
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
	now := time.Now()
	for _, action := range s.agent.Step(now, e) {
		s.perform(action)
	}
	s.metrics.publish(now, s.agent.counts)
}

func (s *shell) perform(action Action) {
	switch a := action.(type) {
	case Call:
		s.call(a.Request)
	case FetchRecording:
		s.calls.Go(func() { s.post(RecordingFetched{Digest: a.Digest, Err: s.fetchRecording(a.Digest)}) })
	case DropRecording:
		s.cache.drop(a.Digest)
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

// post sends an event to the loop, unless it has ended.
func (s *shell) post(e Event) {
	select {
	case s.events <- e:
	case <-s.ctx.Done():
	}
}

// UseCores sets GOMAXPROCS to one core for each slot, and one more so that calls are handled
// while every slot computes. It respects a GOMAXPROCS of the environment. Only programs that are
// nothing but a worker should call it.
func UseCores(slots int) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(slots + 1)
	}
}
