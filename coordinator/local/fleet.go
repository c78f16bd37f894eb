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

// ErrSentAway is how a worker ends that an operator has asked to leave.
var ErrSentAway = errors.New("an operator asked it to leave")

// Process is one running worker.
type Process interface {
	// Stop asks the worker to hand back what it holds and to leave.
	Stop() error
	// Kill ends it at once.
	Kill() error
	// Wait returns when it has ended: nil if it left of its own accord, ErrSentAway
	// if it was drained without Stop. It is called once.
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
}

// Start starts count workers and returns at once: a worker that cannot be
// started is tried again like one that died.
func Start(count int, launch Launch, log hclog.Logger) *Fleet {
	f := &Fleet{
		launch: launch, log: log,
		stopping: make(chan struct{}), killing: make(chan struct{}), ended: make(chan struct{}),
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

// keep runs one worker after the other in a slot.
func (f *Fleet) keep(slot int) {
	deaths := 0
	for {
		born := time.Now()
		err := f.live()
		if f.isStopping() {
			f.log.Debug("local worker ended", "slot", slot, "error", err)
			return
		}
		if errors.Is(err, ErrSentAway) {
			f.log.Info("local worker was drained: none is started in its place", "slot", slot)
			return
		}
		if err == nil || time.Since(born) >= grownUp {
			deaths = 0
		}
		pause := LongestPause
		if err != nil {
			pause = pauseAfter(deaths)
			deaths++
			f.log.Warn("local worker died", "slot", slot, "error", err, "restart_in", pause)
		}
		select {
		case <-time.After(pause):
		case <-f.stopping:
			return
		}
	}
}

// live is one life of a worker; nil if it left of its own accord.
func (f *Fleet) live() error {
	process, err := f.launch()
	if err != nil {
		return err
	}
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
