package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/local"
)

// scripted is a worker that the test controls.
type scripted struct {
	exit    chan error // what Wait returns
	stopped func(*scripted)
	killed  bool
}

func (s *scripted) Stop() error { s.stopped(s); return nil }
func (s *scripted) Wait() error { return <-s.exit }

func (s *scripted) Kill() error {
	s.killed = true
	s.exit <- errors.New("killed")
	return nil
}

// launcher launches scripted workers and keeps them.
type launcher struct {
	sync.Mutex
	workers []*scripted
	stopped func(*scripted)
}

func (n *launcher) launch() (local.Process, error) {
	n.Lock()
	defer n.Unlock()
	worker := &scripted{exit: make(chan error, 1), stopped: n.stopped}
	n.workers = append(n.workers, worker)
	return worker, nil
}

func TestADeathAfterALongLifeResetsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lives := []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second, time.Minute, 10 * time.Second, 10 * time.Second}
		var starts []time.Time
		fleet := local.Start(1, func() (local.Process, error) {
			worker := &scripted{exit: make(chan error, 1)}
			time.AfterFunc(lives[len(starts)], func() { worker.exit <- errors.New("died") })
			starts = append(starts, time.Now())
			return worker, nil
		}, hclog.NewNullLogger())
		time.Sleep(121 * time.Second) // the last one has died
		fleet.Stop(t.Context())

		var got []time.Duration // a life and the pause after it, in seconds
		for i, begun := range starts[1:] {
			got = append(got, begun.Sub(starts[i])/time.Second)
		}
		if diff := cmp.Diff([]time.Duration{10 + 1, 10 + 2, 10 + 4, 60 + 1, 10 + 2}, got); diff != "" {
			t.Errorf("seconds between starts (-want +got):\n%s", diff)
		}
	})
}

func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Time
		fleet := local.Start(1, func() (local.Process, error) {
			starts = append(starts, time.Now())
			return nil, errors.New("cannot be started")
		}, hclog.NewNullLogger())
		time.Sleep(100 * time.Second)
		fleet.Stop(t.Context())

		var got []time.Duration
		for i, begun := range starts[1:] {
			got = append(got, begun.Sub(starts[i])/time.Second)
		}
		if diff := cmp.Diff([]time.Duration{1, 2, 4, 8, 16, 30, 30}, got); diff != "" {
			t.Errorf("pauses in seconds (-want +got):\n%s", diff)
		}
	})
}

// TestUnstartable checks that Unstartable returns the reason after startTries failed starts
// in every slot.
func TestUnstartable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := errors.New("no such program")
		var log bytes.Buffer
		fleet := local.Start(3, func() (local.Process, error) { return nil, failing },
			hclog.New(&hclog.LoggerOptions{Output: &log}))
		time.Sleep(14 * time.Second)
		if err := fleet.Unstartable(); err != nil {
			t.Errorf("after four tries: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := fleet.Unstartable(); !errors.Is(err, failing) || !errors.Is(err, local.ErrNotStarted) {
			t.Errorf("after five tries: %v, want %v", err, failing)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines were logged, want one for all slots and tries:\n%s", n, log.String())
		}
		fleet.Stop(t.Context())
	})
}

func TestOneWorkerIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		first := (*scripted)(nil)
		fleet := local.Start(2, func() (local.Process, error) {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = &scripted{exit: make(chan error, 1), stopped: func(s *scripted) { s.exit <- nil }}
				return first, nil
			}
			return nil, errors.New("the limit of processes is reached")
		}, hclog.NewNullLogger())
		time.Sleep(10 * time.Minute)
		if err := fleet.Unstartable(); err != nil {
			t.Errorf("while a worker runs: %v", err)
		}
		first.exit <- errors.New("died at work")
		synctest.Wait()
		if err := fleet.Unstartable(); err != nil {
			t.Errorf("when it has died: %v", err)
		}
		time.Sleep(time.Minute)
		if err := fleet.Unstartable(); err == nil {
			t.Error("nothing after its place could not be filled either")
		}
		fleet.Stop(t.Context())
	})
}

func TestDeathsAtWorkAreNoFailedStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var early atomic.Bool // workers end before their first call
		fleet := local.Start(1, func() (local.Process, error) {
			worker := &scripted{exit: make(chan error, 1)}
			end := errors.New("exit status 2")
			if early.Load() {
				end = fmt.Errorf("%w: exit status 2", local.ErrNotStarted)
			}
			worker.exit <- end
			return worker, nil
		}, hclog.NewNullLogger())
		time.Sleep(10 * time.Minute)
		if err := fleet.Unstartable(); err != nil {
			t.Errorf("after deaths at work: %v", err)
		}
		early.Store(true)
		time.Sleep(10 * time.Minute)
		if err := fleet.Unstartable(); !errors.Is(err, local.ErrNotStarted) {
			t.Errorf("after ends before the first call: %v", err)
		}
		fleet.Stop(t.Context())
	})
}

func TestOneThatLeavesIsReplacedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Time
		fleet := local.Start(1, func() (local.Process, error) {
			starts = append(starts, time.Now())
			worker := &scripted{exit: make(chan error, 1)}
			worker.exit <- nil
			return worker, nil
		}, hclog.NewNullLogger())
		time.Sleep(local.LongestPause + time.Second)
		fleet.Stop(t.Context())
		if len(starts) != 2 || starts[1].Sub(starts[0]) != local.LongestPause {
			t.Errorf("starts at %v, want two, %v apart", starts, local.LongestPause)
		}
	})
}

func TestOneThatWasDrainedIsNotReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		fleet := local.Start(1, func() (local.Process, error) {
			starts++
			worker := &scripted{exit: make(chan error, 1)}
			worker.exit <- local.ErrDrained
			return worker, nil
		}, hclog.NewNullLogger())
		time.Sleep(10 * local.LongestPause)
		fleet.Stop(t.Context())
		if starts != 1 {
			t.Errorf("%d starts, want 1", starts)
		}
	})
}

func TestStopLetsWorkersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := launcher{stopped: func(s *scripted) {
			time.AfterFunc(3*time.Second, func() { s.exit <- errors.New("exit status 75") })
		}}
		fleet := local.Start(4, n.launch, hclog.NewNullLogger())
		synctest.Wait()
		start := time.Now()
		for range 2 { // twice is as good as once
			fleet.Stop(t.Context())
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("Stop took %v, want 3s", took)
		}
		if len(n.workers) != 4 {
			t.Errorf("%d workers were started, want 4: none is replaced while stopping", len(n.workers))
		}
	})
}

func TestStopKillsWorkersThatDoNotLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := launcher{stopped: func(*scripted) {}}
		fleet := local.Start(2, n.launch, hclog.NewNullLogger())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		fleet.Stop(ctx)
		for i, worker := range n.workers {
			if !worker.killed {
				t.Errorf("worker %d still runs", i)
			}
		}
	})
}

func TestStopInterruptsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := local.Start(1, func() (local.Process, error) { return nil, errors.New("no") }, hclog.NewNullLogger())
		time.Sleep(20 * time.Second)
		start := time.Now()
		fleet.Stop(t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("Stop took %v, want no time", took)
		}
	})
}

func ExampleStart() {
	// Two workers that leave when they are asked to.
	obey := func(s *scripted) { s.exit <- nil }
	fleet := local.Start(2, func() (local.Process, error) {
		return &scripted{exit: make(chan error, 1), stopped: obey}, nil
	}, hclog.NewNullLogger())
	fleet.Stop(context.Background())
	fmt.Println("all have left")
	// Output: all have left
}
