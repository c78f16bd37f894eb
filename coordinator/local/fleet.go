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
	LongestPause = 30 * time.Second // also after a worker that left with exit code 0
	// longLife is the lifetime after which the next pause is FirstPause again.
	longLife = time.Minute
)

// startTries is the number of failed starts in a row, in every slot, after which no
// worker can be started. The pauses between them take up to half a minute.
const startTries = 5

// Errors of Process.Wait.
var (
	// ErrDrained reports that an operator drained the worker.
	ErrDrained = errors.New("an operator asked it to leave")
	// ErrNotStarted reports that the worker ended before its first call.
	ErrNotStarted = errors.New("it ended before it had called the coordinator")
)

// notStarted marks the error of a launch as ErrNotStarted.
type notStarted struct{ error }

func (notStarted) Is(target error) bool { return target == ErrNotStarted }

func (n notStarted) Unwrap() error { return n.error }

// Process is one running worker.
type Process interface {
	// Stop asks the worker to hand back its task and to leave.
	Stop() error
	// Kill ends the worker immediately.
	Kill() error
	// Wait waits for the end of the worker. It returns nil for exit code 0, ErrDrained if
	// the worker was drained without Stop, and ErrNotStarted if it ended before its first
	// call. It is called once.
	Wait() error
}

// Launch starts one worker.
type Launch func() (Process, error)

// Fleet keeps a number of workers running. Start makes one.
type Fleet struct {
	launch   Launch
	log      hclog.Logger
	stopping chan struct{} // closed by the first Stop
	killing  chan struct{} // closed when the context of a Stop ends
	ended    chan struct{} // closed when no worker runs and none will be started
	stopOnce sync.Once
	killOnce sync.Once

	mu     sync.Mutex
	slots  []slot          // guarded by mu
	logged map[string]bool // messages of failed starts that were logged; guarded by mu
}

// slot holds one worker at a time.
type slot struct {
	drained  bool  // the worker was drained, and is not replaced
	running  bool  // a worker runs
	failures int   // failed starts in a row
	err      error // of the last one
}

// Start starts count workers and returns immediately. A start that fails is tried again.
func Start(count int, launch Launch, log hclog.Logger) *Fleet {
	f := &Fleet{
		launch: launch, log: log,
		stopping: make(chan struct{}), killing: make(chan struct{}), ended: make(chan struct{}),
		slots: make([]slot, count), logged: map[string]bool{},
	}
	var keepers sync.WaitGroup
	for number := range count {
		keepers.Go(func() { f.keep(number) })
	}
	go func() {
		keepers.Wait()
		close(f.ended)
	}()
	return f
}

// Stop asks every worker to hand back its task and leave, and waits for all of them. When
// ctx ends, it kills the others. It may be called more than once.
func (f *Fleet) Stop(ctx context.Context) {
	f.stopOnce.Do(func() { close(f.stopping) })
	select {
	case <-f.ended:
	case <-ctx.Done():
		f.killOnce.Do(func() { close(f.killing) })
		<-f.ended
	}
}

// Unstartable returns why no worker can be started, or nil if one runs or may still be
// started, or all were drained.
func (f *Fleet) Unstartable() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	for _, s := range f.slots {
		if !s.drained && (s.running || s.failures < startTries) {
			return nil
		}
		if !s.drained {
			err = s.err
		}
	}
	return err
}

// note changes the state of a slot under the lock.
func (f *Fleet) note(number int, change func(*slot)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.slots[number])
}

// recordEnd records the end of a worker. A worker that has called shows that workers can be
// started.
func (f *Fleet) recordEnd(number int, err error) {
	f.note(number, func(s *slot) {
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
	wasLogged := f.logged[err.Error()]
	f.logged[err.Error()] = true
	return !wasLogged
}

// keep runs one worker after another in a slot.
func (f *Fleet) keep(number int) {
	deaths := 0
	for {
		started := time.Now()
		err := f.runOne(number)
		if f.isStopping() {
			f.log.Debug("local worker ended", "slot", number, "error", err)
			return
		}
		if errors.Is(err, ErrDrained) {
			f.log.Info("local worker was drained, and is not replaced", "slot", number)
			f.note(number, func(s *slot) { s.drained = true })
			return
		}
		if err == nil || time.Since(started) >= longLife {
			deaths = 0
		}
		f.recordEnd(number, err)
		pause := LongestPause
		if err != nil {
			pause = pauseAfter(deaths)
			deaths++
			level := hclog.Warn
			if errors.Is(err, ErrNotStarted) && !f.isNew(err) {
				level = hclog.Debug
			}
			f.log.Log(level, "local worker died", "slot", number, "error", err, "restart_in", pause)
		}
		select {
		case <-time.After(pause):
		case <-f.stopping:
			return
		}
	}
}

// runOne starts a worker and waits for its end. It returns nil for exit code 0.
func (f *Fleet) runOne(number int) error {
	process, err := f.launch()
	if err != nil {
		return notStarted{err}
	}
	f.note(number, func(s *slot) { s.running = true })
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

// pauseAfter returns the pause after a death that followed that many others.
func pauseAfter(deaths int) time.Duration {
	pause := FirstPause
	for range deaths {
		if pause *= 2; pause >= LongestPause {
			return LongestPause
		}
	}
	return pause
}
