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

// onEach runs a test on an empty store of each kind that has callers wait.
func onEach(t *testing.T, test func(*testing.T, queue.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, open(t, filepath.Join(t.TempDir(), "sweep.db"))) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, open(t, postgres.Database(t))) })
}

// TestManyAtOnce: calls that come at once are answered all, each with its own
// outcome, and each sees its own writes alone.
func TestManyAtOnce(t *testing.T) { onEach(t, manyAtOnce) }

func manyAtOnce(t *testing.T, s queue.Store) {
	defer s.Close()
	refused := errors.New("refused")
	const n = 400
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			digest := strconv.Itoa(i)
			err := s.Update(ctx, func(tx queue.Tx) error {
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

// TestContextEndsTheWaiting: the caller leaves, the call goes on.
func TestContextEndsTheWaiting(t *testing.T) { onEach(t, contextEndsTheWaiting) }

func contextEndsTheWaiting(t *testing.T, s queue.Store) {
	leaving, leave := context.WithCancel(ctx)
	running, goOn, committed := make(chan struct{}), make(chan struct{}), s.Changed()
	left := make(chan error)
	go func() {
		left <- s.Update(leaving, func(tx queue.Tx) error {
			tx.Now() // it has begun
			close(running)
			<-goOn
			tx.Announce()
			return tx.PutRecording("digest", nil)
		})
	}()
	<-running
	behind := make(chan error)
	go func() {
		behind <- s.Update(leaving, func(tx queue.Tx) error { return tx.PutRecording("behind", nil) })
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v", err)
	}
	if err := <-behind; !errors.Is(err, context.Canceled) {
		t.Errorf("Update behind it = %v", err)
	}
	close(goOn)
	<-committed
	if _, err := queue.New(s, queue.Policy{}).Recording(ctx, "digest"); err != nil {
		t.Errorf("the call that nobody waited for: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseAnswersEverybody: no caller waits for a store that is closed.
func TestCloseAnswersEverybody(t *testing.T) { onEach(t, closeAnswersEverybody) }

func closeAnswersEverybody(t *testing.T, s queue.Store) {
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for {
				err := s.Update(ctx, func(tx queue.Tx) error { return tx.PutRecording("digest", nil) })
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
