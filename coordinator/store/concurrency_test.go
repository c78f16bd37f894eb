package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest/postgres"
)

// onBoth runs a test on an empty store of each database.
func onBoth(t *testing.T, test func(*testing.T, queue.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, open(t, filepath.Join(t.TempDir(), "sweep.db"))) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, open(t, postgres.Database(t))) })
}

// TestConcurrentCalls checks that each of many concurrent calls gets its own outcome,
// and that only those that succeed are committed.
func TestConcurrentCalls(t *testing.T) { onBoth(t, concurrentCalls) }

func concurrentCalls(t *testing.T, s queue.Store) {
	defer s.Close()
	refused := errors.New("refused")
	const n = 400
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			digest := strconv.Itoa(i)
			err := s.Update(ctx, nil, func(tx queue.Tx) error {
				if err := tx.PutRecording(digest, []byte(digest)); err != nil {
					return err
				}
				if i%3 == 0 {
					return refused
				}
				return nil
			})
			if (i%3 == 0) != errors.Is(err, refused) || i%3 != 0 && err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	err := s.View(ctx, func(tx queue.Tx) error {
		for i := range n {
			if _, found, err := tx.Recording(strconv.Itoa(i)); err != nil || found != (i%3 != 0) {
				return fmt.Errorf("recording %d: found %v, %w", i, found, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestContextEndsDuringCall checks that the caller returns and its call still completes.
func TestContextEndsDuringCall(t *testing.T) { onBoth(t, contextEndsDuringCall) }

func contextEndsDuringCall(t *testing.T, s queue.Store) {
	callerCtx, cancel := context.WithCancel(ctx)
	running, proceed, committed := make(chan struct{}), make(chan struct{}), s.Changed()
	first := make(chan error)
	go func() {
		first <- s.Update(callerCtx, nil, func(tx queue.Tx) error {
			tx.Now() // begins the transaction
			close(running)
			<-proceed
			tx.Announce()
			return tx.PutRecording("digest", nil)
		})
	}()
	<-running
	second := make(chan error)
	go func() {
		second <- s.Update(callerCtx, nil, func(tx queue.Tx) error { return tx.PutRecording("second", nil) })
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v", err)
	}
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the second Update = %v", err)
	}
	close(proceed)
	<-committed
	if _, err := queue.New(s, queue.Policy{}).Recording(ctx, "digest"); err != nil {
		t.Errorf("the call whose caller left: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseDuringCalls checks that Close makes no concurrent caller wait for ever.
func TestCloseDuringCalls(t *testing.T) { onBoth(t, closeDuringCalls) }

func closeDuringCalls(t *testing.T, s queue.Store) {
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for {
				err := s.Update(ctx, nil, func(tx queue.Tx) error { return tx.PutRecording("digest", nil) })
				if err != nil {
					if !errors.Is(err, queue.ErrUnavailable) {
						t.Errorf("Update = %v", err)
					}
					return
				}
			}
		})
	}
	wg.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
