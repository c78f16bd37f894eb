package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The pauses before a worker is started again.
const (
	FirstPause   = time.Second
	LongestPause = 30 * time.Second // also after one that left of its own accord
	// grownUp is the age from which a death is no longer counted with those before it.
	grownUp = time.Minute
)

// startTries in a row that fail, in every slot, mean that no worker can be started:
// the pauses between them make up to half a minute.
const startTries = 5

// How a worker may end.
var (
	// ErrSentAway: an operator asked it to leave.
	ErrSentAway = errors.New("an operator asked it to leave")
	// ErrNotStarted: it was never at work.
	ErrNotStarted = errors.New("it ended before it had called the coordinator")
)

// notStarted is the error of a launch.
type notStarted struct{ error }

func (notStarted) Is(target error) bool { return target == ErrNotStarted }

func (n notStarted) Unwrap() error { return n.error }

// Process is one running worker.
type Process interface {
	// Stop asks the worker to hand back what it holds and to leave.
	Stop() error
	// Kill ends it at once.
	Kill() error
	// Wait returns when it has ended: nil if it left of its own accord, ErrSentAway
	// if it was drained without Stop, ErrNotStarted if it was never at work. It is
	// called once.
	Wait() error
}

// Launch starts one worker.
type Launch func() (Process, error)

// Fleet is a number of workers that are kept running. It is made by Start.
type Fleet struct {
	launch   Launch
	log      hclog.Logger
	stopping chan struct{} // closed by the first Stop
	killing  chan struct{} // closed when a Stop runs out of patience
	ended    chan struct{} // closed when no worker runs and none will be started
	stopOnce sync.Once
	killOnce sync.Once

	mu     sync.Mutex
	places []place         // guarded by mu
	logged map[string]bool // messages of failed starts that were logged; guarded by mu
}

// place is the state of one slot.
type place struct {
	empty    bool  // it was drained: none is started there
	running  bool  // a worker lives
	failures int   // failed starts in a row
	err      error // of the last one
}

// Start starts count workers and returns at once: a worker that cannot be
// started is tried again like one that died.
func Start(count int, launch Launch, log hclog.Logger) *Fleet {
	f := &Fleet{
		launch: launch, log: log,
		stopping: make(chan struct{}), killing: make(chan struct{}), ended: make(chan struct{}),
		places: make([]place, count), logged: map[string]bool{},
	}
	var slots sync.WaitGroup
	for slot := range count {
		slots.Go(func() { f.keep(slot) })
	}
	go func() {
		slots.Wait()
		close(f.ended)
	}()
	return f
}

// Stop asks every worker to hand back and leave, and waits until all have.
// Those left when ctx ends are killed. It may be called more than once.
func (f *Fleet) Stop(ctx context.Context) {
	f.stopOnce.Do(func() { close(f.stopping) })
	select {
	case <-f.ended:
	case <-ctx.Done():
		f.killOnce.Do(func() { close(f.killing) })
		<-f.ended
	}
}

// Unstartable returns why no worker of the fleet runs, or nil while one runs, was
// drained, or may still be started.
func (f *Fleet) Unstartable() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	for _, s := range f.places {
		if !s.empty && (s.running || s.failures < startTries) {
			return nil
		}
		if !s.empty {
			err = s.err
		}
	}
	return err
}

// note changes the state of a slot under the lock.
func (f *Fleet) note(number int, change func(*place)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.places[number])
}

// ends takes note of the end of a worker. One that was at work shows that workers
// can be started.
func (f *Fleet) ends(number int, err error) {
	f.note(number, func(s *place) {
		s.running, s.err = false, err
		if errors.Is(err, ErrNotStarted) {
			s.failures++
			return
		}
		s.failures = 0
		clear(f.logged)
	})
}

// isNew reports whether no failed start with this message was logged since a
// worker was last at work.
func (f *Fleet) isNew(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.logged[err.Error()]
	f.logged[err.Error()] = true
	return !known
}

// keep runs one worker after the other in a slot.
func (f *Fleet) keep(slot int) {
	deaths := 0
	for {
		born := time.Now()
		err := f.live(slot)
		if f.isStopping() {
			f.log.Debug("local worker ended", "slot", slot, "error", err)
			return
		}
		if errors.Is(err, ErrSentAway) {
			f.log.Info("local worker was drained: none is started in its place", "slot", slot)
			f.note(slot, func(s *place) { s.empty = true })
			return
		}
		if err == nil || time.Since(born) >= grownUp {
			deaths = 0
		}
		f.ends(slot, err)
		pause := LongestPause
		if err != nil {
			pause = pauseAfter(deaths)
			deaths++
			level := hclog.Warn
			if errors.Is(err, ErrNotStarted) && !f.isNew(err) {
				level = hclog.Debug
			}
			f.log.Log(level, "local worker died", "slot", slot, "error", err, "restart_in", pause)
		}
		select {
		case <-time.After(pause):
		case <-f.stopping:
			return
		}
	}
}

// live is one life of a worker; nil if it left of its own accord.
func (f *Fleet) live(number int) error {
	process, err := f.launch()
	if err != nil {
		return notStarted{err}
	}
	f.note(number, func(s *place) { s.running = true })
	exit := make(chan error, 1)
	go func() { exit <- process.Wait() }()

	stopping := f.stopping
	for {
		select {
		case err := <-exit:
			return err
		case <-stopping:
			stopping = nil
			if err := process.Stop(); err != nil {
				f.log.Debug("cannot ask a local worker to stop", "error", err)
			}
		case <-f.killing:
			return errors.Join(process.Kill(), <-exit)
		}
	}
}

func (f *Fleet) isStopping() bool {
	select {
	case <-f.stopping:
		return true
	default:
		return false
	}
}

// pauseAfter is the pause after a death that followed `deaths` others.
func pauseAfter(deaths int) time.Duration {
	pause := FirstPause
	for range deaths {
		if pause *= 2; pause >= LongestPause {
			return LongestPause
		}
	}
	return pause
}
