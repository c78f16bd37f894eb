package host

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
)

// flaky is a store that is unavailable at times, or for ever if it is fatal.
type flaky struct {
	queue.Store
	unavailable, fatal atomic.Bool
}

func (m *flaky) Update(ctx context.Context, claim *queue.Claim, work func(queue.Tx) error) error {
	if m.unavailable.Load() {
		return &queue.StoreError{Err: errors.New("connection refused"), Fatal: m.fatal.Load()}
	}
	return m.Store.Update(ctx, claim, work)
}

func TestAnUnavailableStoreIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := &flaky{Store: queuetest.Memory(time.Now)}
		h := &Host{Options: Options{Log: hclog.New(&hclog.LoggerOptions{Output: &log})}, store: m, queue: queue.New(m, queue.Policy{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.tick(ctx) }()
		for _, unavailable := range []bool{false, true, true, false, false, true} {
			m.unavailable.Store(unavailable)
			time.Sleep(3*tickEvery + tickEvery/2)
			if h.ready() == unavailable {
				t.Errorf("unavailable: %v, ready: %v", unavailable, h.ready())
			}
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		lost, back := strings.Count(log.String(), "[WARN]  the store is not available: connection refused"), strings.Count(log.String(), "[INFO]  the store works again")
		if lost != 2 || back != 1 {
			t.Errorf("unavailable is logged %d times, want 2; available %d times, want 1:\n%s", lost, back, &log)
		}
	})
}

// TestAFatalErrorOfTheStoreEndsTheHost checks that one failed call ends the host, also if
// the store works again, and that Stop does not wait for local workers to hand back tasks.
func TestAFatalErrorOfTheStoreEndsTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &flaky{Store: queuetest.Memory(time.Now)}
		h := &Host{Options: Options{Log: hclog.NewNullLogger()}, store: m, queue: queue.New(m, queue.Policy{})}
		h.server = service.New(service.Config{Queue: h.queue, Log: h.Log})
		h.fleet = local.Start(1, func() (local.Process, error) { return make(stubborn), nil }, h.Log)
		ended := make(chan error, 1)
		go func() { ended <- h.tick(t.Context()) }()
		synctest.Wait()
		m.fatal.Store(true)
		m.unavailable.Store(true)
		if _, err := h.queue.MarkLost(t.Context(), func(string) bool { return true }, true); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatal(err)
		}
		m.unavailable.Store(false)
		if err := <-ended; !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "connection refused; running tasks could not be handed back") {
			t.Errorf("error is %v", err)
		}
		began := time.Now()
		h.Stop()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}

// TestAHangingStoreIsNotReady has a tick hang.
func TestAHangingStoreIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Host{}
		if h.ready() {
			t.Error("ready before the first tick")
		}
		h.noteTick(nil)
		for _, want := range []bool{true, false} {
			if got := h.ready(); got != want {
				t.Errorf("ready: %v, want %v", got, want)
			}
			time.Sleep(readyWithin)
		}
	})
}

// stubborn is a worker that ends only when it is killed.
type stubborn chan struct{}

func (stubborn) Stop() error   { return nil }
func (s stubborn) Kill() error { close(s); return nil }
func (s stubborn) Wait() error { <-s; return errors.New("killed") }

// TestLogWarnings passes the warnings of consecutive ticks.
func TestLogWarnings(t *testing.T) {
	var log bytes.Buffer
	logger := hclog.New(&hclog.LoggerOptions{Output: &log})
	var before []string
	for _, step := range []struct {
		now  []string
		want string // of the log, without the time
	}{
		{[]string{"A"}, "[WARN]  A\n"},
		{[]string{"A", "B"}, "[WARN]  B\n"},
		{[]string{"A", "B"}, ""},
		{[]string{"B"}, "[INFO]  a problem of the store is over, and another remains: over=A remains=B\n"},
		{[]string{"C"}, "[WARN]  C\n[INFO]  a problem of the store is over, and another remains: over=B remains=C\n"},
		{nil, "[INFO]  the store works again: calls are answered: over=C\n"},
		{nil, ""},
	} {
		log.Reset()
		before = LogWarnings(logger, before, step.now)
		got := regexp.MustCompile(`(?m)^\S+ `).ReplaceAllString(log.String(), "")
		if got != step.want {
			t.Errorf("warnings %v: logged %q, want %q", step.now, got, step.want)
		}
	}
}
