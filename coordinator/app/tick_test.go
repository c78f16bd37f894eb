package app

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
)

// moody is a store that is away at times.
type moody struct {
	queue.Store
	away atomic.Bool
}

func (m *moody) Update(ctx context.Context, work func(queue.Tx) error) error {
	if m.away.Load() {
		return &queue.StoreError{Err: errors.New("connection refused")}
	}
	return m.Store.Update(ctx, work)
}

func TestTheLossOfTheStoreIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := &moody{Store: store.Memory()}
		h := &host{Hosting: Hosting{Log: hclog.New(&hclog.LoggerOptions{Output: &log})}, store: m, queue: queue.New(m, queue.Policy{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.tick(ctx) }()
		for _, away := range []bool{false, true, true, false, false, true} {
			m.away.Store(away)
			time.Sleep(3*tickEvery + tickEvery/2)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		lost, back := strings.Count(log.String(), "[WARN]  the store is not available: connection refused"), strings.Count(log.String(), "[INFO]  the store is well again")
		if lost != 2 || back != 1 {
			t.Errorf("lost is told %d times, want 2; back %d times, want 1:\n%s", lost, back, &log)
		}
	})
}
