package metrics

import (
	"context"
	"errors"
	"path"
	"time"

	"google.golang.org/grpc"

	"spiqsweep/coordinator/queue"
)

// The operations of a store.
const (
	read  = "read"
	write = "write"
)

// own is the call of transactions that no gRPC call needs.
const own = "own"

// Store returns the store with its transactions measured.
func (m *Metrics) Store(s queue.Store) queue.Store {
	if m == nil {
		return s
	}
	return measuredStore{s, m}
}

// measuredStore is a store that measures its transactions.
type measuredStore struct {
	queue.Store
	metrics *Metrics
}

func (s measuredStore) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	began := time.Now()
	err := s.Store.Update(ctx, claim, call)
	s.metrics.transacted(ctx, write, began, err)
	return err
}

func (s measuredStore) View(ctx context.Context, call func(queue.Tx) error) error {
	began := time.Now()
	err := s.Store.View(ctx, call)
	s.metrics.transacted(ctx, read, began, err)
	return err
}

func (m *Metrics) transacted(ctx context.Context, operation string, began time.Time, err error) {
	call := own
	if method, ok := grpc.Method(ctx); ok {
		call = path.Base(method)
	}
	m.storeDurations.WithLabelValues(operation, call).Observe(time.Since(began).Seconds())
	if errors.Is(err, queue.ErrUnavailable) {
		m.storeErrors.WithLabelValues(operation).Inc()
	}
}
